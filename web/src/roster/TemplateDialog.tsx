// One weekly window: when, which department, how many, for what. A change reaches the sessions that nobody has booked.
import { useState } from 'preact/hooks'
import { post, put, remove, type Problem } from '../shared/api'
import { localDay } from '../shared/day'
import { timeZone } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import { Field } from '../shared/ui/Field'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { PlannedKind, Template, VisitKind } from '../shared/wire'
import { departmentName } from '../shared/department'
import type { Roster } from './state'
import { WEEKDAYS } from './week'
import { t } from './words'

const KINDS: readonly VisitKind[] = ['follow_up', 'advice', 'report', 'renewal']
const USUAL_MINUTES = 10
const FIELDS = ['title', 'opens', 'closes', 'first_day', 'last_day', 'capacity', 'kinds', 'weekday']

export interface Draft {
  template: Template | null
  doctorId: string
  weekday: number
}

function text(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim()
}

function kindsOf(form: FormData): PlannedKind[] {
  return KINDS.filter((kind) => form.has(`kind_${kind}`)).map((kind) => ({ kind, minutes: Number(text(form, `minutes_${kind}`)) }))
}

function body(form: FormData, doctorId: string): Record<string, unknown> {
  const capacity = text(form, 'capacity')
  return {
    doctor_id: doctorId,
    department_id: text(form, 'department_id'),
    title: text(form, 'title'),
    weekday: Number(text(form, 'weekday')),
    opens: text(form, 'opens'),
    closes: text(form, 'closes'),
    first_day: text(form, 'first_day'),
    last_day: text(form, 'last_day') || null,
    capacity: capacity ? Number(capacity) : null,
    kinds: kindsOf(form),
  }
}

function Kinds({ template }: { template: Template | null }) {
  return (
    <fieldset class="choices">
      <legend>{t('kinds')}</legend>
      {KINDS.map((kind) => {
        const planned = template?.kinds.find((each) => each.kind === kind)
        return (
          <div class="kind">
            <label>
              <input type="checkbox" name={`kind_${kind}`} defaultChecked={template ? Boolean(planned) : kind === 'follow_up'} />
              {t(`kind_${kind}`)}
            </label>
            <label>
              <input type="number" name={`minutes_${kind}`} min={1} max={240} defaultValue={String(planned?.minutes ?? USUAL_MINUTES)} aria-label={t('minutesOf', t(`kind_${kind}`))} />
              {t('minutesUnit')}
            </label>
          </div>
        )
      })}
    </fieldset>
  )
}

/** The reason stands at the field that the server named. */
function at(problem: Problem | null, field: string): string | null {
  return problem?.field === field ? t('wrongField') : null
}

function Hours({ draft, problem }: { draft: Draft; problem: Problem | null }) {
  const { template } = draft
  const today = localDay(Date.now(), timeZone.value)
  return (
    <div class="form-grid">
      <Field label={t('weekday')} wrong={at(problem, 'weekday')}>
        <select name="weekday" defaultValue={String(draft.weekday)} data-testid="template-weekday">
          {WEEKDAYS.map((weekday) => (
            <option value={weekday} selected={weekday === draft.weekday}>
              {t(`weekday_${weekday}`)}
            </option>
          ))}
        </select>
      </Field>
      <Field label={t('opens')} wrong={at(problem, 'opens')}>
        <input name="opens" type="time" required defaultValue={template?.opens ?? '08:00'} data-testid="template-opens" />
      </Field>
      <Field label={t('closes')} wrong={at(problem, 'closes')}>
        <input name="closes" type="time" required defaultValue={template?.closes ?? '12:00'} data-testid="template-closes" />
      </Field>
      <Field label={t('capacity')} wrong={at(problem, 'capacity')}>
        <input name="capacity" type="number" min={0} max={500} defaultValue={template?.capacity === null || !template ? '' : String(template.capacity)} data-testid="template-capacity" />
      </Field>
      <Field label={t('firstDay')} wrong={at(problem, 'first_day')}>
        <input name="first_day" type="date" required defaultValue={template?.first_day ?? today} />
      </Field>
      <Field label={t('lastDay')} wrong={at(problem, 'last_day')}>
        <input name="last_day" type="date" defaultValue={template?.last_day ?? ''} />
      </Field>
    </div>
  )
}

export function TemplateDialog({ all, draft, close }: { all: Roster; draft: Draft; close: (changed: boolean) => void }) {
  const { template, doctorId } = draft
  const { busy, problem, run } = useAct()
  const [ending, setEnding] = useState(false)
  const profile = all.doctors.find((each) => each.doctor.id === doctorId)
  const department = template?.department_id ?? profile?.department_id ?? all.departments[0]?.id
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const wanted = body(new FormData(event.currentTarget as HTMLFormElement), doctorId)
    const save = (): Promise<unknown> => (template ? put(`/roster/templates/${template.id}`, wanted) : post('/roster/templates', wanted))
    void run(save).then((done) => done && close(true))
  }
  const end = (): void => void run(() => remove(`/roster/templates/${template?.id ?? ''}`)).then((done) => done && close(true))
  return (
    <Dialog title={t('templateTitle', profile?.doctor.name ?? '')} close={() => close(false)} testid="template-dialog">
      <form class="stack" onSubmit={submit}>
        <Field label={t('titleField')} wrong={at(problem, 'title')}>
          <input name="title" required maxLength={120} defaultValue={template?.title ?? ''} data-testid="template-title" autocomplete="off" />
        </Field>
        <Field label={t('department')}>
          <select name="department_id" required data-testid="template-department">
            {all.departments.map((each) => (
              <option value={each.id} selected={each.id === department}>
                {departmentName(each)}
              </option>
            ))}
          </select>
        </Field>
        <Hours draft={draft} problem={problem} />
        <Kinds template={template} />
        <p class="soft small">{t('templateMeans')}</p>
        {problem && (!problem.field || !FIELDS.includes(problem.field)) && <Refusal problem={problem} />}
        {ending && <p class="message">{t('endMeans')}</p>}
        <div class="actions">
          {template && (
            <button type="button" class={ending ? 'danger' : 'quiet'} data-testid="template-end" disabled={busy} onClick={() => (ending ? end() : setEnding(true))}>
              {ending ? t('endSurely') : t('end')}
            </button>
          )}
          <span class="spring" />
          <button type="button" onClick={() => close(false)}>
            {t('cancel')}
          </button>
          <button class="primary" data-testid="template-submit" disabled={busy}>
            {t('save')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
