// Which stretch of a recorded waveform is shown: from a week down to ten seconds. Pure.
import type { Waves } from '../../shared/wire'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** From the shortest to the longest. */
export const SPANS_MS: readonly number[] = [10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR, 168 * HOUR]
export const WIDEST = SPANS_MS.length - 1
export const DAY = WIDEST - 1

export interface View {
  readonly level: number
  /** Milliseconds since 1970. */
  readonly until: number
}

export function spanMs({ level }: View): number {
  return SPANS_MS[level] ?? HOUR
}

export function from(view: View): number {
  return view.until - spanMs(view)
}

/** In or out around a moment, or the middle; never past now. */
export function zoomed(view: View, by: number, now: number, around = view.until - spanMs(view) / 2): View {
  const level = Math.max(0, Math.min(WIDEST, view.level + by))
  return { level, until: Math.min(now, around + (SPANS_MS[level] ?? HOUR) / 2) }
}

export function moved(view: View, by: number, now: number): View {
  return { ...view, until: Math.min(now, view.until + by * spanMs(view)) }
}

export function query(channel: string, view: View): string {
  const moment = (ms: number): string => new Date(ms).toISOString()
  return `channel=${channel}&from=${moment(from(view))}&until=${moment(view.until)}&points=600`
}

export function isEmpty(waves: Waves): boolean {
  return waves.level === 'samples' ? waves.blocks.length === 0 : waves.high.every((height) => height === null)
}
