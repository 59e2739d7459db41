// The line of one session: how many wait, Call next with the number, a row a ticket; booking, opening and closing.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import type { Topic } from '../shared/live/topic'
import type { Session, TicketRow, Visit } from '../shared/wire'
import { problemText } from '../shared/words'
import { BookDialog } from './BookDialog'
import { useShortcut } from './shortcuts'
import { choosePatient, chosenPatient, tab, visitId, type Desk } from './state'
import { Row } from './Row'
import { t } from './words'

const PLACE: Record<TicketRow['state'], number> = { in_visit: 0, called: 0, arrived: 1, booked: 2, no_show: 3, completed: 3 }

/** Being called, or face to face. */
export function inRoom(row: TicketRow): boolean {
  return row.visit_id !== null && (row.state === 'called' || row.state === 'in_visit')
}

function inLineOrder(rows: readonly TicketRow[]): TicketRow[] {
  return [...rows].sort((a, b) => PLACE[a.state] - PLACE[b.state] || (a.ahead ?? 0) - (b.ahead ?? 0) || a.serial - b.serial)
}

/** Who would be called: the one whom nobody is ahead of. */
function nextOf(rows: readonly TicketRow[]): TicketRow | null {
  return inLineOrder(rows).find((row) => row.state === 'arrived') ?? null
}

function CallNext({ session, rows, visit }: { session: Session; rows: readonly TicketRow[]; visit: Visit | null }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const next = nextOf(rows)
  const inVisit = visit?.state === 'called' || visit?.state === 'in_visit'
  const possible = session.state === 'open' && next !== null && !inVisit && !busy
  const call = async (): Promise<void> => {
    if (!possible) return
    setBusy(true)
    setProblem(null)
    try {
      const called = await post<{ visit: Visit }>(`/sessions/${session.id}/call-next`)
      chosenPatient.value = null
      visitId.value = called.visit.id
      tab.value = 'visit'
    } catch (error) {
      setProblem(toProblem(error))
    } finally {
      setBusy(false)
    }
  }
  useShortcut('n', () => void call())
  return (
    <>
      <button class="primary call-next" data-testid="call-next" disabled={!possible} onClick={() => void call()}>
        {next ? t('callNextNumber', next.serial) : t('callNext')} <kbd>N</kbd>
      </button>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
    </>
  )
}

function SessionState({ session, mine }: { session: Session; mine: boolean }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const change = (what: 'open' | 'close'): void => {
    setProblem(null)
    post(`/sessions/${session.id}/${what}`).catch((error: unknown) => setProblem(toProblem(error)))
  }
  return (
    <div class="session-state">
      <span class={session.state === 'open' ? 'tag ok' : 'tag warn'} data-testid="session-state">
        {t(`session_${session.state}`)}
      </span>
      {mine && session.state !== 'open' && (
        <button data-testid="open-session" onClick={() => change('open')}>
          {t('openSession')}
        </button>
      )}
      {mine && session.state === 'open' && (
        <button class="quiet" data-testid="close-session" onClick={() => change('close')}>
          {t('closeSession')}
        </button>
      )}
      {problem && <p class="wrong">{problemText(problem)}</p>}
    </div>
  )
}

/** The row of the open visit leads into it, every other to its patient. */
function choose(row: TicketRow, mine: boolean): void {
  if (!mine || !inRoom(row)) return choosePatient(row.patient)
  visitId.value = row.visit_id
  chosenPatient.value = null
  tab.value = 'visit'
}

interface Props {
  desk: Desk
  topic: Topic | null
  rows: readonly TicketRow[]
  visit: Visit | null
}

export function LinePanel({ desk, topic, rows, visit }: Props) {
  const [booking, setBooking] = useState(false)
  const session = topic?.values.value.get('session') as Session | undefined
  const phase = topic?.phase.value
  if (!session) {
    return (
      <section class="line" aria-label={t('line')}>
        <p class="loading">{!topic ? t('noSessionToday') : phase === 'refused' ? t('problem_not-allowed') : t('loading')}</p>
      </section>
    )
  }
  const mine = session.doctor.id === desk.me.id
  return (
    <section class="line" aria-label={t('line')}>
      <div class="next">
        <div class="sum">
          <span data-testid="waiting">{t('waiting', session.waiting)}</span>
          <SessionState session={session} mine={mine} />
        </div>
        {mine && <CallNext session={session} rows={rows} visit={visit} />}
        <button data-testid="book-open" onClick={() => setBooking(true)}>
          ＋ {t('book')}
        </button>
      </div>
      <ol class="rows" tabIndex={0} aria-label={t('line')}>
        {inLineOrder(rows).map((row) => (
          <Row key={row.id} row={row} current={visit?.ticket_id === row.id} choose={() => choose(row, mine)} />
        ))}
        {!rows.length && <li class="loading">{t('nobodyBooked')}</li>}
      </ol>
      {booking && <BookDialog session={session} close={() => setBooking(false)} />}
    </section>
  )
}
