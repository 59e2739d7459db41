// Alarm sounds as numbers: bursts after IEC 60601-1-8 (table 3 and 4). Pure; siren.ts plays them.
import type { Priority } from '../shared/wire'

export interface Pulse {
  readonly startS: number
  readonly durationS: number
}
export interface Burst {
  readonly pulses: readonly Pulse[]
  readonly everyS: number
  readonly fundamentalHz: number
}

function spaced(durationS: number, gapsS: readonly number[]): Pulse[] {
  const pulses: Pulse[] = [{ startS: 0, durationS }]
  for (const gap of gapsS) {
    const last = pulses[pulses.length - 1] as Pulse
    pulses.push({ startS: last.startS + durationS + gap, durationS })
  }
  return pulses
}

// High: 3 + 2 pulses, twice; the fourth comes after two spaces and a pulse's length, the second five after 0.5 s.
const HIGH_PULSE_S = 0.15
const HIGH_GAP_S = 0.1
const HIGH_FIVE = [HIGH_GAP_S, HIGH_GAP_S, 2 * HIGH_GAP_S + HIGH_PULSE_S, HIGH_GAP_S]

export const BURSTS: Record<Priority, Burst> = {
  high: { pulses: spaced(HIGH_PULSE_S, [...HIGH_FIVE, 0.5, ...HIGH_FIVE]), everyS: 6.5, fundamentalHz: 660 },
  medium: { pulses: spaced(0.2, [0.2, 0.2]), everyS: 12, fundamentalHz: 520 },
  low: { pulses: spaced(0.2, [0.2]), everyS: 20, fundamentalHz: 400 },
}
