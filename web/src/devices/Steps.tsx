// What ends or renews a device's credential. Each says first what follows from it, and is asked twice.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import type { Live } from '../shared/live/live'
import { FormEnd } from '../shared/ui/FormEnd'
import { useAct } from '../shared/ui/useAct'
import type { ClaimCode, Device, DeviceAdded, Me } from '../shared/wire'
import { Added, Claim } from './Added'
import { By } from './By'
import { inService } from './deviceWords'
import { t } from './words'

const STEPS = ['claim-code', 'rotate', 'replace', 'lost', 'revoke'] as const
type Step = (typeof STEPS)[number]

/** As the server's state machine has it (server/monitoring/device_state.py). */
function stepsOf(device: Device): readonly Step[] {
  if (device.state === 'lost') return ['rotate', 'revoke']
  if (!inService(device)) return []
  return device.worn ? ['rotate', 'replace', 'lost', 'revoke'] : STEPS
}

interface Props {
  device: Device
  live: Live
  me: Me
  changed: () => void
}

/** Where the devices were changed before somebody came to say so. */
function Since({ choose }: { choose: (since: string) => void }) {
  return (
    <label class="field">
      <span>{t('replaceSince')}</span>
      <input type="datetime-local" data-testid="replace-since" onInput={(event) => choose(event.currentTarget.value)} />
      <small>{t('replaceSinceMeans')}</small>
    </label>
  )
}

function Ask({ step, device, done, back }: { step: Step; device: Device; done: (reply: unknown) => void; back: () => void }) {
  const [by, setBy] = useState('')
  const [since, setSince] = useState('')
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void run(async () => done(await post<unknown>(`/devices/${encodeURIComponent(device.id)}/${step}`, step === 'replace' ? { by, at: since ? new Date(since).toISOString() : null } : {})))
  }
  return (
    <form class="card stack" data-testid={`${step}-form`} onSubmit={submit}>
      <b>{t(`do_${step}`)}</b>
      <p>{t(`means_${step}`)}</p>
      {device.worn && step !== 'replace' && <p class="message">{t(device.patient && !device.profile ? 'stillWornUnseen' : 'stillWorn')}</p>}
      {step === 'replace' && <By device={device} by={by} choose={setBy} />}
      {step === 'replace' && device.worn && <Since choose={setSince} />}
      {problem?.slug === 'invalid' && <p class="wrong">{problem.detail}</p>}
      <FormEnd problem={problem} busy={busy} back={back} backText={t('cancel')} sendText={t(`do_${step}`)} testid={`${step}-sure`} ready={step !== 'replace' || !!by} tone={step === 'claim-code' ? 'primary' : 'danger'} />
    </form>
  )
}

export function Steps({ device, live, me, changed }: Props) {
  const [asked, setAsked] = useState<Step | null>(null)
  const [rotated, setRotated] = useState<DeviceAdded | null>(null)
  const [claim, setClaim] = useState<ClaimCode | null>(null)
  const done = (reply: unknown): void => {
    if (asked === 'rotate') setRotated(reply as DeviceAdded)
    if (asked === 'claim-code') setClaim(reply as ClaimCode)
    setAsked(null)
    changed()
  }
  if (rotated) return <Added added={rotated} live={live} me={me} close={() => setRotated(null)} />
  if (asked) return <Ask step={asked} device={device} done={done} back={() => setAsked(null)} />
  return (
    <>
      {claim && <Claim claim={claim} device={device} />}
      <div class="head steps" data-testid="device-steps">
        {stepsOf(device).map((step) => (
          <button key={step} data-testid={`do-${step}`} onClick={() => setAsked(step)}>
            {t(`do_${step}`)}
          </button>
        ))}
      </div>
    </>
  )
}
