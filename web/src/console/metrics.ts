// How the console shows a metric: its colour token, its digits, its place among the tiles.

export interface Shown {
  readonly metric: string
  readonly colour: string
  readonly digits: number
  readonly range: readonly [number, number]
}

export const TILES: readonly Shown[] = [
  { metric: 'spo2', colour: '--spo2', digits: 0, range: [70, 100] },
  { metric: 'pulse_rate', colour: '--pulse', digits: 0, range: [40, 140] },
  { metric: 'hr', colour: '--pulse', digits: 0, range: [40, 140] },
  { metric: 'resp_rate', colour: '--resp', digits: 0, range: [5, 40] },
  { metric: 'sbp', colour: '--bp', digits: 0, range: [60, 200] },
  { metric: 'dbp', colour: '--bp', digits: 0, range: [30, 130] },
  { metric: 'temp', colour: '--temp', digits: 1, range: [34, 42] },
  { metric: 'glucose', colour: '--glucose', digits: 1, range: [2, 20] },
]

/** Metrics that a patient is expected to have: their tiles stand empty until the first reading. */
export const EXPECTED = ['spo2', 'pulse_rate']

const OTHER = { colour: '--ink', digits: 1, range: [0, 1] as const }

export function shown(metric: string): Shown {
  return TILES.find((tile) => tile.metric === metric) ?? { metric, ...OTHER }
}

/** UCUM as people write it: mm[Hg] → mmHg, Cel → °C. */
export function unitText(ucum: string): string {
  return { 'mm[Hg]': 'mmHg', Cel: '°C', '{score}': '' }[ucum] ?? ucum
}

/** After how many seconds without a new one a number is no longer live: cuffs and thermometers measure now and then. */
export function staleAfterS(metric: string): number {
  return ['spo2', 'pulse_rate', 'hr', 'resp_rate'].includes(metric) ? 15 : 3600
}
