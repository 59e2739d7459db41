// The lines of today with their places: as the live topic tells them, or joined from two answers. Pure.
import { under, type Values } from '../shared/live/delta'
import type { DeskLine, RosterSession, Session } from '../shared/wire'

const SHOWN: Record<Session['state'], number> = { suspended: 0, open: 1, planned: 2, closed: 3 }

/** What needs somebody first, then by time. */
function inOrder(lines: readonly DeskLine[]): DeskLine[] {
  return [...lines].sort((a, b) => SHOWN[a.session.state] - SHOWN[b.session.state] || a.session.opens_at.localeCompare(b.session.opens_at))
}

/** The topic `desk`. */
export function watched(values: Values): DeskLine[] {
  return inOrder(under<DeskLine>(values, 'line/'))
}

/** Without the topic: what the line says of a session, joined with what the roster says of its places. */
export function joined(sessions: readonly Session[], roster: readonly RosterSession[]): DeskLine[] {
  const places = new Map(roster.map((each) => [each.id, each]))
  return inOrder(
    sessions.map((session) => {
      const known = places.get(session.id) // none for a session that was made by hand, or of another day
      return { session, held: known?.booked ?? session.booked, listed: known?.listed ?? 0 }
    }),
  )
}

/** An open line whose hours have begun and from which nobody calls. */
export function isLate(session: Session, nowMs: number): boolean {
  return session.state === 'planned' && nowMs > new Date(session.opens_at).getTime()
}
