// One ticket in the line: number, who, whether they are here, and a new link where one is needed.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { clockTime } from '../shared/time'
import { Dialog } from '../shared/ui/Dialog'
import type { TicketRow } from '../shared/wire'
import { problemText } from '../shared/words'
import { SHAPE } from './alarms'
import { t } from './words'

function Presence({ row }: { row: TicketRow }) {
  if (row.worst_alarm) {
    return (
      <span class="tag bad">
        {SHAPE[row.worst_alarm]} {t('alarmTag')}
      </span>
    )
  }
  if (row.state !== 'arrived') return <span class="tag">{t(`ticket_${row.state}`)}</span>
  return row.online ? (
    <span class="tag ok">
      <i class="dot on" /> {t('here')}
    </span>
  ) : (
    <span class="tag warn">
      <i class="dot away" /> {t('away')}
    </span>
  )
}

function story(row: TicketRow): string {
  const parts: string[] = []
  if (row.state === 'arrived') parts.push(row.ahead ? t('aheadOf', row.ahead) : t('isNext'))
  if (row.arrived_at) parts.push(t('arrivedAt', clockTime(row.arrived_at)))
  if (row.arrived_at && !row.consented) parts.push(t('notAgreed'))
  if (row.missed) parts.push(t('missedTimes', row.missed))
  if (row.cause && !(row.missed && row.cause === 'patient_absent')) parts.push(t(`outcome_${row.cause}`))
  return parts.join(' · ') || t('notArrived')
}

function NewLink({ row, close }: { row: TicketRow; close: () => void }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [sent, setSent] = useState(false)
  const send = (): void => {
    post(`/tickets/${row.id}/link`).then(
      () => setSent(true),
      (error: unknown) => setProblem(toProblem(error)),
    )
  }
  return (
    <Dialog title={t('newLinkFor', row.serial, row.patient.name)} close={close} testid="link-dialog">
      {sent ? <p role="status">{t('newLinkSent')}</p> : <p>{t('newLinkMeans')}</p>}
      {problem && <p class="wrong">{problemText(problem)}</p>}
      <div class="actions">
        <button onClick={close}>{sent ? t('close') : t('cancel')}</button>
        {!sent && (
          <button class="primary" data-testid="link-send" onClick={send}>
            {t('newLinkSend')}
          </button>
        )}
      </div>
    </Dialog>
  )
}

export function Row({ row, current, choose }: { row: TicketRow; current: boolean; choose: () => void }) {
  const [linking, setLinking] = useState(false)
  const over = row.state === 'completed' || row.state === 'no_show'
  const dim = over || row.state === 'booked'
  const { patient } = row
  return (
    <li class={`row${current ? ' now' : ''}${dim ? ' dim' : ''}`} data-testid="ticket-row" data-serial={row.serial} data-state={row.state}>
      <button class="row-main" aria-current={current ? 'true' : undefined} onClick={choose}>
        <span class="number num">{row.serial}</span>
        <span class="who">
          {patient.name}, {t('ageAndSex', patient.age, patient.sex)}
        </span>
        <span class="why">{story(row)}</span>
      </button>
      <div class="row-side">
        <Presence row={row} />
        {!over && !current && (
          <button class="quiet small" data-testid="link-reset" aria-label={t('newLinkFor', row.serial, patient.name)} onClick={() => setLinking(true)}>
            {t('newLink')}
          </button>
        )}
      </div>
      {linking && <NewLink row={row} close={() => setLinking(false)} />}
    </li>
  )
}
