// The line of one session: how many wait, Call next with the number, a row a ticket; booking.
import { useState } from 'preact/hooks'
import { post } from '../shared/api'
import type { Topic } from '../shared/live/topic'
import { PushButton } from '../shared/push/PushButton'
import { Refusal } from '../shared/ui/Refusal'
import { useAct } from '../shared/ui/useAct'
import type { Session, TicketRow, Visit } from '../shared/wire'
import { BookDialog } from './BookDialog'
import { inLineOrder, inRoom, nextOf, taken } from './order'
import { Row } from './Row'
import { SessionBar } from './session/SessionBar'
import { useShortcut } from './shortcuts'
import { choosePatient, chosenPatient, serves, tab, visitId, type Desk } from './state'
import { actionsFor, type Standing } from './ticket/actions'
import { TicketDialog } from './ticket/TicketDialog'
import { t } from './words'

function isOpen(visit: Visit | null): boolean {
  return visit?.state === 'called' || visit?.state === 'in_visit'
}

function CallNext({ session, rows, visit }: { session: Session; rows: readonly TicketRow[]; visit: Visit | null }) {
  const { busy, problem, run } = useAct()
  const next = nextOf(rows)
  const possible = session.state === 'open' && next !== null && !isOpen(visit) && !busy
  const call = async (): Promise<void> => {
    if (!possible) return
    await run(async () => {
      const called = await post<{ visit: Visit }>(`/sessions/${session.id}/call-next`)
      chosenPatient.value = null
      visitId.value = called.visit.id
      tab.value = 'visit'
    })
  }
  useShortcut('n', () => void call())
  return (
    <>
      <button class="primary call-next" data-testid="call-next" disabled={!possible} onClick={() => void call()}>
        {next ? t('callNextNumber', next.serial) : t('callNext')} <kbd>N</kbd>
      </button>
      <Refusal problem={problem} />
    </>
  )
}

/** The row of one's own open visit leads into it, every other to its patient. */
function choose(row: TicketRow, me: string): void {
  if (!inRoom(row) || row.called_by !== me) return choosePatient(row.patient)
  visitId.value = row.visit_id
  chosenPatient.value = null
  tab.value = 'visit'
}

/** Without its rows nothing is known of a line's places: `booked` counts the numbers that were given up too. */
function counted(session: Session, rows: readonly TicketRow[] | null): string {
  const waiting = t('waiting', session.waiting)
  return session.capacity === null || !rows ? waiting : `${waiting} · ${t('bookedOf', taken(rows), session.capacity)}`
}

interface Props {
  desk: Desk
  listed: Session | undefined
  topic: Topic | null
  rows: readonly TicketRow[]
  visit: Visit | null
}

export function LinePanel({ desk, listed, topic, rows, visit }: Props) {
  const session = topic?.values.value.get('session') as Session | undefined
  const phase = topic?.phase.value
  if (session) return <OpenLine desk={desk} session={session} rows={rows} visit={visit} />
  if (listed && !serves(desk.me, listed)) return <OtherLine desk={desk} session={listed} />
  return (
    <section class="line" aria-label={t('line')}>
      <p class="loading">{!topic ? t('noSessionToday') : phase === 'refused' ? t('problem_not-allowed') : t('loading')}</p>
    </section>
  )
}

/** A colleague's: what is known of it without seeing it, and the way in. */
function OtherLine({ desk, session }: { desk: Desk; session: Session }) {
  return (
    <section class="line" aria-label={t('line')} data-testid="other-line">
      <div class="next">
        <p>{counted(session, null)}</p>
        <SessionBar desk={desk} session={session} />
        <p class="soft small">{t('joinMeans', session.doctor.name)}</p>
      </div>
    </section>
  )
}

function OpenLine({ desk, session, rows, visit }: Omit<Props, 'topic' | 'listed'> & { session: Session }) {
  const [booking, setBooking] = useState(false)
  const [chosen, setChosen] = useState<string | null>(null)
  const onLine = session.doctors.some((doctor) => doctor.id === desk.me.id)
  const standing: Standing = { role: desk.me.role, onLine, mayCall: onLine && session.state === 'open' && !isOpen(visit) }
  const row = rows.find((each) => each.id === chosen)
  return (
    <section class="line" aria-label={t('line')}>
      <div class="next">
        <p data-testid="waiting">{counted(session, rows)}</p>
        <SessionBar desk={desk} session={session} />
        {onLine && <CallNext session={session} rows={rows} visit={visit} />}
        <button data-testid="book-open" onClick={() => setBooking(true)}>
          ＋ {t('book')}
        </button>
      </div>
      <ol class="rows" tabIndex={0} aria-label={t('line')}>
        {inLineOrder(rows).map((each) => (
          <Row key={each.id} row={each} current={visit?.ticket_id === each.id} choose={() => choose(each, desk.me.id)} open={() => setChosen(each.id)} />
        ))}
        {!rows.length && <li class="loading">{t('nobodyBooked')}</li>}
      </ol>
      <footer class="line-foot">
        <PushButton path="/push/subscribe" who={desk.me.id} />
      </footer>
      {booking && <BookDialog session={session} close={() => setBooking(false)} />}
      {row && <TicketDialog key={row.id} row={row} actions={actionsFor(row, standing)} close={() => setChosen(null)} />}
    </section>
  )
}
