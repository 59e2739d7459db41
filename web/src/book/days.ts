// The sessions of a doctor by the day of the hospital's clock. Pure.
import { localDay } from '../shared/day'
import type { OpenSession } from '../shared/wire'

export interface Day {
  readonly day: string // YYYY-MM-DD
  readonly sessions: readonly OpenSession[]
}

/** In the order of time; days without a session are left out. */
export function byDay(sessions: readonly OpenSession[], timeZone: string): Day[] {
  const days = new Map<string, OpenSession[]>()
  for (const session of [...sessions].sort((a, b) => a.opens_at.localeCompare(b.opens_at))) {
    const day = localDay(session.opens_at, timeZone)
    days.set(day, [...(days.get(day) ?? []), session])
  }
  return [...days].map(([day, found]) => ({ day, sessions: found }))
}
