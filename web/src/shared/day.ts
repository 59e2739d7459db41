// Calendar dates: which one it is somewhere, and full years between two. Pure.
import type { Moment } from './wire'

/** The calendar date (YYYY-MM-DD) of a moment on that zone's wall; en-CA spells it so. */
export function localDay(at: Moment | number, zone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at))
}

/** Full years between two calendar dates. */
export function ageOn(born: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(born.slice(0, 4))
  return day.slice(5) < born.slice(5) ? years - 1 : years
}
