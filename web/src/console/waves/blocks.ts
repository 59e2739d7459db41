// Blocks of a waveform: samples as heights, what of them lies in a time, and how large they are drawn. Pure.
import type { WaveBlock } from '../../shared/wire'

export const GAP = -32768
export const PX_PER_MM = 96 / 25.4 // of a CSS pixel; how long it is on a screen, no page can know
export const MM_PER_S = 25
export const PX_PER_S = MM_PER_S * PX_PER_MM
const MM_PER_MV = [10, 5, 2.5] as const

/** Heights in the block's unit, null where nothing was measured; `us` is when each begins. */
export interface Strip {
  readonly startUs: number
  readonly stepUs: number
  readonly heights: readonly (number | null)[]
}

export function strip(block: WaveBlock): Strip {
  const bytes = Uint8Array.from(atob(block.samples), (char) => char.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  const heights = Array.from({ length: bytes.length >> 1 }, (_, at) => {
    const sample = view.getInt16(2 * at, true)
    return sample === GAP ? null : sample * block.gain + block.offset
  })
  return { startUs: block.start_us, stepUs: 1_000_000 / block.rate, heights }
}

export function endUs({ startUs, stepUs, heights }: Strip): number {
  return startUs + stepUs * heights.length
}

export interface Point {
  readonly us: number
  readonly height: number
}

/** Lines to draw: unbroken runs of points from `from` to before `until`, of strips in the order of time. */
export function runs(strips: readonly Strip[], from: number, until: number): Point[][] {
  const found: Point[][] = []
  let run: Point[] = []
  let expected = Number.NaN
  const end = (): void => {
    if (run.length) found.push(run)
    run = []
  }
  for (const { startUs, stepUs, heights } of strips) {
    if (!(Math.abs(startUs - expected) <= 2 * stepUs)) end()
    const first = Math.max(0, Math.ceil((from - startUs) / stepUs))
    const last = Math.min(heights.length, Math.ceil((until - startUs) / stepUs))
    for (let at = first; at < last; at += 1) {
      const height = heights[at]
      if (height == null) end()
      else run.push({ us: startUs + at * stepUs, height })
    }
    expected = startUs + stepUs * heights.length
  }
  end()
  return found
}

/** Where the height is drawn: `middle` in the middle of the box, `pxPer` pixels a unit; `mmPerMv` null: its own scale. */
export interface Scale {
  readonly middle: number
  readonly pxPer: number
  readonly mmPerMv: number | null
}

/** Millivolts at the paper's gain, or half of it where they would not fit; anything else fills the box. */
export function scale(lines: readonly Point[][], unit: string, heightPx: number): Scale {
  const heights = lines.flatMap((line) => line.map((point) => point.height))
  const low = heights.reduce((least, height) => Math.min(least, height), Infinity)
  const high = heights.reduce((most, height) => Math.max(most, height), -Infinity)
  const middle = heights.length ? (low + high) / 2 : 0
  const wide = heights.length ? high - low : 0
  if (unit !== 'mV') return { middle, pxPer: wide > 0 ? (heightPx * 0.8) / wide : 1, mmPerMv: null }
  const fits = MM_PER_MV.find((mm) => wide * mm * PX_PER_MM <= heightPx) ?? 2.5
  return { middle, pxPer: fits * PX_PER_MM, mmPerMv: fits }
}

export function byChannel(blocks: readonly WaveBlock[]): Map<string, WaveBlock[]> {
  const found = new Map<string, WaveBlock[]>()
  for (const block of [...blocks].sort((one, other) => one.start_us - other.start_us)) {
    found.set(block.channel, [...(found.get(block.channel) ?? []), block])
  }
  return found
}

/** The moment that the running trace has come to: it goes on with the clock, waits at the end and never lags far. */
export function playhead(before: number | null, passedUs: number, newestUs: number): number {
  const next = before === null ? newestUs - 1_000_000 : before + passedUs
  if (newestUs - next > 2_500_000) return newestUs - 1_200_000
  return Math.min(next, newestUs)
}
