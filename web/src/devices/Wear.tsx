// Who wears it: put on one of today's patients, with limits or without, or taken off.
import { useState } from 'preact/hooks'
import { post, remove } from '../shared/api'
import { ChoosePatient } from '../shared/ui/ChoosePatient'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { Device, Me } from '../shared/wire'
import { t } from './words'

const PROFILES = ['adult-continuous', ''] as const // '' – no limits

function profileText(profile: string | null): string {
  return profile === 'adult-continuous' ? t('profile_adult') : profile ? profile : t('profile_none')
}

function PutOn({ device, done }: { device: Device; done: (worn: Device) => void }) {
  const [patient, setPatient] = useState('')
  const [profile, setProfile] = useState<string>(PROFILES[0])
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(async () => done(await post<Device>(`/patients/${patient}/devices`, { device_id: device.id, profile: profile || null })))
  }
  return (
    <form class="stack" onSubmit={submit}>
      <ChoosePatient chosen={patient} choose={setPatient} />
      <label class="field">
        <span>{t('profile')}</span>
        <select data-testid="wear-profile" value={profile} onChange={(event) => setProfile(event.currentTarget.value)}>
          {PROFILES.map((each) => (
            <option value={each}>{profileText(each || null)}</option>
          ))}
        </select>
      </label>
      <Refusal problem={problem} />
      <div class="actions">
        <button class="primary" data-testid="wear-submit" disabled={busy || !patient}>
          {t('putOn')}
        </button>
      </div>
    </form>
  )
}

function TakeOff({ device, done }: { device: Device; done: () => void }) {
  const { busy, problem, run } = useAct()
  const [sure, setSure] = useState(false)
  if (!device.patient) return <p>{t('wornBySomebody')}</p>
  const patient = device.patient
  return (
    <>
      <p data-testid="worn-by">
        <b>{patient.name}</b> · {profileText(device.profile)}
      </p>
      <Refusal problem={problem} />
      {sure && <p class="message">{t('takeOffMeans', patient.name)}</p>}
      <div class="actions">
        {sure && <button onClick={() => setSure(false)}>{t('cancel')}</button>}
        <button
          class={sure ? 'danger' : ''}
          data-testid={sure ? 'take-off-sure' : 'take-off'}
          disabled={busy}
          onClick={() => (sure ? void run(() => remove(`/patients/${patient.id}/devices/${device.id}`)).then((ok) => ok && done()) : setSure(true))}
        >
          {t('takeOff')}
        </button>
      </div>
    </>
  )
}

/** Read-only for those who may not decide who wears it. */
export function Wear({ device, me, changed }: { device: Device; me: Me; changed?: () => void }) {
  const [shown, setShown] = useState(device)
  const may = me.role === 'operator' || me.role === 'doctor'
  const become = (next: Device): void => {
    setShown(next)
    changed?.()
  }
  return (
    <section class="card stack" aria-label={t('wearer')} data-testid="wear">
      <h3>{t('wearer')}</h3>
      {!may && <p>{shown.worn ? (shown.patient?.name ?? t('wornBySomebody')) : t('free')}</p>}
      {may && (shown.worn ? <TakeOff device={shown} done={() => become({ ...shown, worn: false, patient: null, profile: null })} /> : <PutOn device={shown} done={become} />)}
    </section>
  )
}
