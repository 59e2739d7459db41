// One ticket in the line: number, who, why here, whether they are here; the sign at the side leads to what can be done.
import { clockTime } from '../shared/time'
import type { TicketRow } from '../shared/wire'
import { waitText } from '../shared/words'
import { SHAPE } from './alarms'
import { isOver } from './order'
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

/** What the test found missing, in one word; nothing where all works. */
function TestMark({ row }: { row: TicketRow }) {
  const test = row.device_test
  if (!test || isOver(row)) return null
  const missing = !test.camera ? 'noCamera' : !test.microphone ? 'noMicrophone' : !test.speaker ? 'noSpeaker' : null
  return missing && <span class="tag warn">{t(missing)}</span>
}

function story(row: TicketRow): string {
  const parts: string[] = []
  if (row.state === 'arrived') parts.push(row.ahead ? t('aheadOf', row.ahead) : t('isNext'))
  if (row.state === 'arrived' && row.wait && row.ahead) parts.push(waitText(row.wait))
  if (row.arrived_at) parts.push(t('arrivedAt', clockTime(row.arrived_at)))
  if (row.arrived_at && !row.consented && !isOver(row)) parts.push(t('notAgreed'))
  if (row.missed) parts.push(t('missedTimes', row.missed))
  if (row.late && row.cause !== 'late') parts.push(t('cause_late'))
  if (row.came_from) parts.push(t('cameFrom'))
  if (row.cause && !(row.came_from && row.cause === 'transferred') && !(row.missed && row.cause === 'patient_absent')) parts.push(t(`cause_${row.cause}`))
  if (row.reason && !isOver(row)) parts.push(t('stepped', row.reason))
  return parts.join(' · ') || t('notArrived')
}

function UrgencyMark({ row }: { row: TicketRow }) {
  if (row.urgency === 2 || isOver(row)) return null
  return <span class={row.urgency === 0 ? 'urgency urgent' : 'urgency'}>{t(`urgency_${row.urgency}`)}</span>
}

interface Props {
  row: TicketRow
  current: boolean
  choose: () => void
  open: () => void
}

export function Row({ row, current, choose, open }: Props) {
  const dim = isOver(row) || row.state === 'booked'
  const { patient } = row
  const marks = `${current ? ' now' : ''}${dim ? ' dim' : ''}${row.urgency === 0 && !isOver(row) ? ' urgent' : ''}`
  return (
    <li class={`row${marks}`} data-testid="ticket-row" data-serial={row.serial} data-state={row.state}>
      <button class="row-main" aria-current={current ? 'true' : undefined} onClick={choose}>
        <span class="number num">{row.serial}</span>
        <span class="who">
          {patient.name}, {t('ageAndSex', patient.age, patient.sex)} <UrgencyMark row={row} />
        </span>
        <span class="why">{story(row)}</span>
        {row.complaint && !isOver(row) && <span class="complaint-line">“{row.complaint}”</span>}
      </button>
      <div class="row-side">
        <Presence row={row} />
        <TestMark row={row} />
        <button class="quiet more" data-testid="row-more" aria-haspopup="dialog" aria-label={t('moreFor', row.serial, patient.name)} onClick={open}>
          ⋯
        </button>
      </div>
    </li>
  )
}
