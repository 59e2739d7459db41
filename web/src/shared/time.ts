// Dates and times as people of this hospital read them: its time zone, the page's language.
import { signal } from '@preact/signals'
import { language } from './language'
import type { Moment } from './wire'

/** IANA name; set once the hospital is known. */
export const timeZone = signal('Asia/Shanghai')

function format(at: Moment | number, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return '–'
  return new Intl.DateTimeFormat(language.value, { timeZone: timeZone.value, hourCycle: 'h23', ...options }).format(date)
}

/** 14:07 */
export const clockTime = (at: Moment | number): string => format(at, { hour: '2-digit', minute: '2-digit' })

/** 14:07:31 */
export const exactTime = (at: Moment | number): string => format(at, { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** Sat 21 Nov, 14:07 */
export const dayAndTime = (at: Moment | number): string =>
  format(at, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })

export const dayLong = (at: Moment | number): string => format(at, { weekday: 'long', day: 'numeric', month: 'long' })

/** 21 Nov 2026 */
export const dateOf = (at: Moment | number): string => format(at, { dateStyle: 'medium' })

/** A calendar date (YYYY-MM-DD) has no time zone. */
export function dateOnly(date: string): string {
  return new Intl.DateTimeFormat(language.value, { timeZone: 'UTC', dateStyle: 'medium' }).format(new Date(`${date}T00:00:00Z`))
}

/** Tue 24 November, of a calendar date (YYYY-MM-DD). */
export function dayOnly(date: string): string {
  return new Intl.DateTimeFormat(language.value, { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(`${date}T00:00:00Z`))
}
