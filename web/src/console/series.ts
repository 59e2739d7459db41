// Readings over time for a trend: kept sorted, trimmed to the window, broken where readings are missing. Pure.

export type Point = readonly [ms: number, value: number]

export const WINDOW_MS = 30 * 60_000
export const RECENT_MS = 3 * 60_000
export const GAP_MS = 60_000

/** Adds one reading at its place by time; a second one of the same time replaces the first. */
export function add(points: readonly Point[], point: Point): readonly Point[] {
  let at = points.length
  while (at > 0 && (points[at - 1] as Point)[0] > point[0]) at -= 1
  const twin = at > 0 && (points[at - 1] as Point)[0] === point[0]
  return [...points.slice(0, twin ? at - 1 : at), point, ...points.slice(at)]
}

export function trim(points: readonly Point[], fromMs: number): readonly Point[] {
  const first = points.findIndex(([ms]) => ms >= fromMs)
  return first <= 0 ? (first === 0 ? points : []) : points.slice(first)
}

/** Two columns for uPlot, seconds and values, with a null where the line must not go on. */
export function columns(points: readonly Point[]): { seconds: number[]; values: (number | null)[] } {
  const seconds: number[] = []
  const values: (number | null)[] = []
  let before = Number.NEGATIVE_INFINITY
  for (const [ms, value] of points) {
    if (seconds.length && ms - before > GAP_MS) {
      seconds.push((before + 1000) / 1000)
      values.push(null)
    }
    seconds.push(ms / 1000)
    values.push(value)
    before = ms
  }
  return { seconds, values }
}
