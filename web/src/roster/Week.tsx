// The weekly templates as a grid; a window is opened to be changed, an empty day to get one. Sessions follow from them.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { Template } from '../shared/wire'
import { load, type Roster } from './state'
import { TemplateDialog, type Draft } from './TemplateDialog'
import { week, WEEKDAYS, type DoctorWeek } from './week'
import { t } from './words'

const AHEAD_DAYS = 14

function Window({ template, open }: { template: Template; open: () => void }) {
  return (
    <button class="window" data-testid="template" onClick={open}>
      <b class="num">
        {template.opens}–{template.closes}
      </b>
      <small>
        {template.title}
        {template.capacity !== null && ` · ${t('places', template.capacity)}`}
      </small>
    </button>
  )
}

function DoctorRow({ row, edit }: { row: DoctorWeek; edit: (draft: Draft) => void }) {
  return (
    <tr>
      <th scope="row">{row.doctor.name}</th>
      {row.days.map((day, weekday) => (
        <td>
          {day.map((template) => (
            <Window key={template.id} template={template} open={() => edit({ template, doctorId: row.doctor.id, weekday })} />
          ))}
          <button class="quiet add" data-testid="template-add" aria-label={t('addWindow', row.doctor.name, t(`weekday_${weekday as 0}`))} onClick={() => edit({ template: null, doctorId: row.doctor.id, weekday })}>
            ＋
          </button>
        </td>
      ))}
    </tr>
  )
}

function Generate() {
  const { busy, problem, run } = useAct()
  const [made, setMade] = useState<number | null>(null)
  const generate = (): void => void run(async () => setMade((await post<{ created: number }>('/roster/generate', { days: AHEAD_DAYS })).created))
  return (
    <>
      <button data-testid="generate" disabled={busy} onClick={generate}>
        {t('generate', AHEAD_DAYS)}
      </button>
      <span role="status">{made === null ? '' : t('generated', made)}</span>
      <Refusal problem={problem} />
    </>
  )
}

export function Week({ all }: { all: Roster }) {
  const [draft, setDraft] = useState<Draft | null>(null)
  const close = (changed: boolean): void => {
    setDraft(null)
    if (changed) void load()
  }
  return (
    <section class="stack" data-testid="week">
      <div class="head">
        <h2>{t('week')}</h2>
        <span class="spring" />
        <Generate />
      </div>
      {!all.doctors.length && <p class="message">{t('noDoctors')}</p>}
      {!all.departments.length && <p class="message">{t('noDepartments')}</p>}
      {all.doctors.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t('week')}>
          <table class="week">
            <thead>
              <tr>
                <th scope="col">{t('doctor')}</th>
                {WEEKDAYS.map((weekday) => (
                  <th scope="col">{t(`weekday_${weekday}`)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {week(all.doctors, all.templates).map((row) => (
                <DoctorRow key={row.doctor.id} row={row} edit={setDraft} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {draft && <TemplateDialog all={all} draft={draft} close={close} />}
    </section>
  )
}
