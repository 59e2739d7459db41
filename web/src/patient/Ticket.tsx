// With a ticket: notice, waiting room, ringing, call or end – whatever the live ticket says.
import { useEffect } from 'preact/hooks'
import { closeOwn } from '../shared/call/own'
import { useTopic } from '../shared/live/useTopic'
import type { Live } from '../shared/live/live'
import type { MyTicket } from '../shared/wire'
import { Booked } from './Booked'
import { CallPage } from './CallPage'
import { Ended } from './Ended'
import { NoticePage } from './NoticePage'
import { Ringing } from './Ringing'
import { isOver, live, ticket } from './state'
import { Waiting } from './Waiting'
import { t } from './words'

const RUNG = 'bedside.rung'

/** When the last call rang, so that a missed one can be told with its time. */
function rememberRing(mine: MyTicket): void {
  if (mine.visit?.state === 'called') sessionStorage.setItem(RUNG, mine.visit.ring_until)
}

export function lastRing(): string | null {
  return sessionStorage.getItem(RUNG)
}

function Follow({ line }: { line: Live }) {
  const topic = useTopic(line, `ticket:${ticket.peek()?.id ?? ''}`)
  const newest = topic?.values.value.get('ticket') as MyTicket | undefined
  useEffect(() => {
    if (newest) ticket.value = newest
  }, [newest])
  if (line.blindSince.value === null) return null
  return (
    <p class="message offline" role="status" data-testid="offline">
      {t('offline')}
    </p>
  )
}

function Stage({ mine }: { mine: MyTicket }) {
  if (isOver(mine)) return <Ended mine={mine} />
  if (mine.state === 'booked') return <Booked mine={mine} />
  if (!mine.consented) return <NoticePage called={mine.visit?.state === 'called'} />
  if (mine.visit?.state === 'called') return <Ringing mine={mine} />
  if (mine.visit?.state === 'in_visit') return <CallPage key={mine.visit.id} mine={mine} visitId={mine.visit.id} />
  return <Waiting mine={mine} rung={lastRing()} />
}

export function TicketPage() {
  const mine = ticket.value
  useEffect(() => {
    if (mine) rememberRing(mine)
    if (mine && isOver(mine)) closeOwn()
  }, [mine])
  if (!mine) return null
  return (
    <>
      {live.value && !isOver(mine) && <Follow line={live.value} />}
      <Stage mine={mine} />
    </>
  )
}
