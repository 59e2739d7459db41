// The lines of today: what the live line says of a session, joined with what the roster says of its places. Pure.
import type { RosterSession, Session } from '../shared/wire'

export interface Day {
  readonly session: Session
  /** Null where the roster does not know the session: made by hand, or of another day. */
  readonly places: RosterSession | null
}

const SHOWN: Record<Session['state'], number> = { suspended: 0, open: 1, planned: 2, closed: 3 }

/** What needs somebody first, then by time. */
export function today(sessions: readonly Session[], roster: readonly RosterSession[]): Day[] {
  const places = new Map(roster.map((each) => [each.id, each]))
  return sessions
    .map((session) => ({ session, places: places.get(session.id) ?? null }))
    .sort((a, b) => SHOWN[a.session.state] - SHOWN[b.session.state] || a.session.opens_at.localeCompare(b.session.opens_at))
}

/** An open line whose hours have begun and from which nobody calls. */
export function isLate(session: Session, nowMs: number): boolean {
  return session.state === 'planned' && nowMs > new Date(session.opens_at).getTime()
}
