// A waiting time as people say it: a range in whole minutes that promises no more than is known. Pure.
import type { Wait } from './wire'

export interface Minutes {
  readonly low: number
  readonly high: number
}

/** To the minute below ten, to five minutes above: more digits would promise more than the range holds. */
function step(minutes: number): number {
  return minutes < 10 ? 1 : 5
}

/** The low end rounded down, the high end up, so that the range never gets narrower than it was measured. */
export function waitMinutes({ low_s, high_s }: Wait): Minutes {
  const low = Math.max(0, low_s) / 60
  const high = Math.max(low_s, high_s, 60) / 60
  return { low: Math.floor(low / step(low)) * step(low), high: Math.ceil(high / step(high)) * step(high) }
}

/** 85 → { hours: 1, minutes: 25 } */
export function hoursAndMinutes(minutes: number): { hours: number; minutes: number } {
  return { hours: Math.floor(minutes / 60), minutes: minutes % 60 }
}
