// Days off, and working days that run as another weekday. Sessions that are booked stay: they are named to be moved.
import { useState } from 'preact/hooks'
import { put, remove } from '../shared/api'
import { dayOnly } from '../shared/time'
import { Field } from '../shared/ui/Field'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import { load, type Roster } from './state'
import { WEEKDAYS } from './week'
import { t } from './words'

interface DayOff {
  removed: number
  booked: string[]
}

function Add() {
  const { busy, problem, run } = useAct()
  const [done, setDone] = useState<DayOff | null>(null)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const element = event.currentTarget as HTMLFormElement
    const form = new FormData(element)
    const runsAs = String(form.get('runs_as'))
    const wanted = { name: String(form.get('name')).trim(), runs_as: runsAs === '' ? null : Number(runsAs) }
    void run(async () => setDone(await put<DayOff>(`/roster/holidays/${String(form.get('day'))}`, wanted))).then((did) => {
      if (!did) return
      element.reset()
      void load()
    })
  }
  return (
    <form class="stack card" onSubmit={submit} data-testid="holiday-form">
      <div class="form-grid">
        <Field label={t('day')}>
          <input name="day" type="date" required data-testid="holiday-day" />
        </Field>
        <Field label={t('nameField')}>
          <input name="name" required maxLength={60} data-testid="holiday-name" autocomplete="off" />
        </Field>
        <Field label={t('runsAs')}>
          <select name="runs_as" data-testid="holiday-runs-as">
            <option value="">{t('dayOff')}</option>
            {WEEKDAYS.map((weekday) => (
              <option value={weekday}>{t('worksAs', t(`weekday_${weekday}`))}</option>
            ))}
          </select>
        </Field>
      </div>
      <Refusal problem={problem} />
      {done && (
        <p class={done.booked.length ? 'message bad' : 'message ok'} role="status" data-testid="holiday-done">
          {t('dayOffDone', done.removed)} {done.booked.length > 0 && t('dayOffBooked', done.booked.length)}
        </p>
      )}
      <div class="actions">
        <button class="primary" data-testid="holiday-submit" disabled={busy}>
          {t('addDay')}
        </button>
      </div>
    </form>
  )
}

export function Holidays({ all }: { all: Roster }) {
  const { busy, problem, run } = useAct()
  const drop = (day: string): void => void run(() => remove(`/roster/holidays/${day}`)).then((done) => void (done && load()))
  return (
    <section class="stack" data-testid="holidays">
      <h2>{t('holidays')}</h2>
      {!all.holidays.length && <p class="soft">{t('noHolidays')}</p>}
      <ul class="plain">
        {all.holidays.map((holiday) => (
          <li class="head" data-testid="holiday">
            <b>{dayOnly(holiday.day)}</b>
            <span>{holiday.name}</span>
            <span class="tag">{holiday.runs_as === null ? t('dayOff') : t('worksAs', t(`weekday_${holiday.runs_as as 0}`))}</span>
            <button class="quiet" disabled={busy} aria-label={t('dropDay', dayOnly(holiday.day))} onClick={() => drop(holiday.day)}>
              {t('drop')}
            </button>
          </li>
        ))}
      </ul>
      <Refusal problem={problem} />
      <Add />
    </section>
  )
}
