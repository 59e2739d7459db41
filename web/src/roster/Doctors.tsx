// What the hospital has on record of its doctors: without it the rules let nobody open a session.
import { useState } from 'preact/hooks'
import { put } from '../shared/api'
import { localDay } from '../shared/day'
import { dateOnly, timeZone } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import { FormEnd } from '../shared/ui/FormEnd'
import { useAct } from '../shared/ui/useAct'
import type { Profile } from '../shared/wire'
import { departmentName } from '../shared/department'
import { load, type Roster } from './state'
import { licenceEnds } from './week'
import { t } from './words'

const LICENCE_TAG = { missing: 'tag bad', expired: 'tag bad', soon: 'tag warn' } as const

function Licence({ profile }: { profile: Profile }) {
  const ends = licenceEnds(profile, localDay(Date.now(), timeZone.value))
  return (
    <>
      {profile.licence_until && <span class="num">{dateOnly(profile.licence_until)} </span>}
      {ends && <span class={LICENCE_TAG[ends]}>{t(`licence_${ends}`)}</span>}
    </>
  )
}

function Row({ profile, all, edit }: { profile: Profile; all: Roster; edit: () => void }) {
  const department = all.departments.find((each) => each.id === profile.department_id)
  return (
    <tr data-testid="profile">
      <th scope="row">{profile.doctor.name}</th>
      <td>{department ? departmentName(department) : '–'}</td>
      <td>{profile.title || '–'}</td>
      <td>
        <Licence profile={profile} />
      </td>
      <td>{profile.institution_consent ? <span class="tag ok">✓ {t('consentHere')}</span> : <span class="tag bad">{t('consentMissing')}</span>}</td>
      <td>
        <button data-testid="profile-edit" aria-label={t('editDoctor', profile.doctor.name)} onClick={edit}>
          {t('edit')}
        </button>
      </td>
    </tr>
  )
}

function text(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim()
}

function body(form: FormData): Record<string, unknown> {
  return {
    department_id: text(form, 'department_id') || null,
    title: text(form, 'title'),
    title_en: text(form, 'title_en'),
    licence_no: text(form, 'licence_no'),
    practice_since: text(form, 'practice_since') || null,
    licence_until: text(form, 'licence_until') || null,
    institution_consent: form.has('institution_consent'),
  }
}

function Record({ profile, all }: { profile: Profile; all: Roster }) {
  return (
    <div class="form-grid">
      <Field label={t('department')}>
        <select name="department_id" data-testid="profile-department">
          <option value="">–</option>
          {all.departments.map((each) => (
            <option value={each.id} selected={each.id === profile.department_id}>
              {departmentName(each)}
            </option>
          ))}
        </select>
      </Field>
      <Field label={t('doctorTitle')}>
        <input name="title" maxLength={60} defaultValue={profile.title} autocomplete="off" />
      </Field>
      <Field label={t('doctorTitleEn')}>
        <input name="title_en" maxLength={60} defaultValue={profile.title_en} autocomplete="off" />
      </Field>
      <Field label={t('licenceNo')}>
        <input name="licence_no" maxLength={64} defaultValue={profile.licence_no} data-testid="profile-licence" autocomplete="off" />
      </Field>
      <Field label={t('practiceSince')}>
        <input name="practice_since" type="date" defaultValue={profile.practice_since ?? ''} data-testid="profile-since" />
      </Field>
      <Field label={t('licenceUntil')}>
        <input name="licence_until" type="date" defaultValue={profile.licence_until ?? ''} data-testid="profile-until" />
      </Field>
    </div>
  )
}

function ProfileDialog({ profile, all, close }: { profile: Profile; all: Roster; close: () => void }) {
  const { busy, problem, run } = useAct()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const wanted = body(new FormData(event.currentTarget as HTMLFormElement))
    void run(() => put(`/roster/doctors/${profile.doctor.id}`, wanted)).then((done) => {
      if (!done) return
      close()
      void load()
    })
  }
  return (
    <Dialog title={profile.doctor.name} close={close} testid="profile-dialog">
      <form class="stack" onSubmit={submit}>
        <Record profile={profile} all={all} />
        <label class="check">
          <input type="checkbox" name="institution_consent" defaultChecked={profile.institution_consent} data-testid="profile-consent" />
          {t('consent')}
        </label>
        <FormEnd problem={problem} busy={busy} back={close} backText={t('cancel')} sendText={t('save')} testid="profile-submit" />
      </form>
    </Dialog>
  )
}

export function Doctors({ all }: { all: Roster }) {
  const [editing, setEditing] = useState<Profile | null>(null)
  return (
    <section class="stack" data-testid="doctors">
      <h2>{t('doctors')}</h2>
      <p class="soft small">{t('doctorsMean')}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('doctors')}>
        <table class="wide">
          <thead>
            <tr>
              <th scope="col">{t('doctor')}</th>
              <th scope="col">{t('department')}</th>
              <th scope="col">{t('doctorTitle')}</th>
              <th scope="col">{t('licenceUntil')}</th>
              <th scope="col">{t('consentShort')}</th>
              <th scope="col">{t('edit')}</th>
            </tr>
          </thead>
          <tbody>
            {all.doctors.map((profile) => (
              <Row key={profile.doctor.id} profile={profile} all={all} edit={() => setEditing(profile)} />
            ))}
          </tbody>
        </table>
      </div>
      {editing && <ProfileDialog profile={editing} all={all} close={() => setEditing(null)} />}
    </section>
  )
}
