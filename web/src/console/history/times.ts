// Times as a history tells them: the longer the span, the less of the clock.
import { language } from '../../shared/language'
import { clockTime, exactTime, timeZone } from '../../shared/time'
import type { Span } from './spans'

const PARTS: Readonly<Record<'week' | 'month' | 'year', Intl.DateTimeFormatOptions>> = {
  week: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  month: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  year: { day: 'numeric', month: 'short', year: 'numeric' },
}

function told(at: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(language.value, { timeZone: timeZone.value, hourCycle: 'h23', ...options }).format(at)
}

/** Under the chart. */
export function tickText(at: number, span: Span): string {
  if (span === 'hour' || span === 'day') return clockTime(at)
  return told(at, span === 'year' ? { month: 'short', year: '2-digit' } : { day: 'numeric', month: 'short' })
}

/** In a line of the table. */
export function pointText(at: number, span: Span): string {
  if (span === 'hour') return exactTime(at)
  return span === 'day' ? clockTime(at) : told(at, PARTS[span])
}

/** Of the whole: 21 Nov 2026, 09:30 – 21 Nov 2026, 10:30. */
export function boundsText(from: number, until: number): string {
  return [from, until].map((at) => told(at, { dateStyle: 'medium', timeStyle: 'short' })).join(' – ')
}
