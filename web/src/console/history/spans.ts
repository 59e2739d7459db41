// Which time a history shows, and its points as columns for a chart. Pure.
import type { HistoryPoint } from '../../shared/wire'

export type Span = 'hour' | 'day' | 'week' | 'month' | 'year'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How long, and into how many points: ten seconds, three minutes, half an hour, two hours, a day each. */
export const SPANS: Readonly<Record<Span, { ms: number; points: number }>> = {
  hour: { ms: HOUR, points: 362 },
  day: { ms: DAY, points: 482 },
  week: { ms: 7 * DAY, points: 338 },
  month: { ms: 31 * DAY, points: 374 },
  year: { ms: 366 * DAY, points: 368 },
}

export interface Bounds {
  readonly from: number
  readonly until: number
}

/** What is looked at; it ends now where ``until`` is null. */
export interface Stretch {
  readonly span: Span
  readonly until: number | null
}

export function bounds({ span, until }: Stretch, now: number): Bounds {
  const end = until ?? now
  return { from: end - SPANS[span].ms, until: end }
}

/** By whole spans; what would end later than now ends now. */
export function moved({ span, until }: Stretch, by: number, now: number): Stretch {
  return ending(span, (until ?? now) + by * SPANS[span].ms, now)
}

/** Another span around a moment, or the middle of what is looked at; what ended now still does. */
export function zoomed(stretch: Stretch, span: Span, now: number, around?: number): Stretch {
  if (around === undefined && stretch.until === null) return { span, until: null }
  const { from, until } = bounds(stretch, now)
  return ending(span, (around ?? (from + until) / 2) + SPANS[span].ms / 2, now)
}

/** The next shorter span. */
export function nearer(span: Span): Span | null {
  const names = Object.keys(SPANS) as Span[]
  return names[names.indexOf(span) - 1] ?? null
}

/** Now goes on while somebody looks: what ends just before it ends now. */
function ending(span: Span, until: number, now: number): Stretch {
  return { span, until: until >= now - SPANS[span].ms / 20 ? null : until }
}

export function query(metric: string, span: Span, { from, until }: Bounds): string {
  const moments = `from=${new Date(from).toISOString()}&until=${new Date(until).toISOString()}`
  return `metric=${metric}&${moments}&points=${SPANS[span].points}`
}

/** After how long without a point the line ends: two widths, and never less than the metric itself may pause. */
export function gapMs(widthS: number, pauseMs: number): number {
  return Math.max(2 * widthS * 1000, pauseMs)
}

/** Seconds, lowest, highest, mean: with a null of all three where nothing was measured for long. */
export type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]]

export function columns(points: readonly HistoryPoint[], gap: number): Columns {
  const made: Columns = [[], [], [], []]
  let before = Number.NEGATIVE_INFINITY
  for (const [at, low, high, mean] of points) {
    if (made[0].length && at - before > gap) push(made, (before + 1) / 1000, null, null, null)
    push(made, at / 1000, low, high, mean)
    before = at
  }
  return made
}

function push(into: Columns, seconds: number, low: number | null, high: number | null, mean: number | null): void {
  into[0].push(seconds)
  into[1].push(low)
  into[2].push(high)
  into[3].push(mean)
}
