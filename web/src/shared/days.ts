// Sessions by the day of the hospital's clock. Pure.
import { localDay } from './day'

export interface Day<Session> {
  readonly day: string // YYYY-MM-DD
  readonly sessions: readonly Session[]
}

/** In the order of time; days without a session are left out. */
export function byDay<Session extends { opens_at: string }>(sessions: readonly Session[], timeZone: string): Day<Session>[] {
  const days = new Map<string, Session[]>()
  for (const session of [...sessions].sort((a, b) => a.opens_at.localeCompare(b.opens_at))) {
    const day = localDay(session.opens_at, timeZone)
    days.set(day, [...(days.get(day) ?? []), session])
  }
  return [...days].map(([day, found]) => ({ day, sessions: found }))
}
