// How the console shows a metric: its colour token, its digits, among which it stands, and how long it counts as live.
import type { MetricValue } from '../shared/wire'

export type Group = 'vital' | 'lab' | 'lungs' | 'body' | 'activity'

export interface Shown {
  readonly metric: string
  readonly group: Group
  readonly colour: string
  readonly digits: number
  readonly range: readonly [number, number]
  /** Without a new one for so many seconds the number is no longer live; null: it never was, it is of one moment. */
  readonly liveS: number | null
}

const SECONDS = 15
const SENSOR = 15 * 60 // a glucose sensor speaks every one to five minutes

function vital(metric: string, colour: string, range: readonly [number, number], liveS: number | null = null, digits = 0): Shown {
  return { metric, group: 'vital', colour, digits, range, liveS }
}

function result(metric: string, group: Group, digits: number): Shown {
  return { metric, group, colour: '--ink', digits, range: [0, 1], liveS: null }
}

/** In this order, top to bottom. */
export const TILES: readonly Shown[] = [
  vital('spo2', '--spo2', [70, 100], SECONDS),
  vital('pulse_rate', '--pulse', [40, 140], SECONDS),
  vital('hr', '--pulse', [40, 140], SECONDS),
  vital('resp_rate', '--resp', [5, 40], SECONDS),
  vital('sbp', '--bp', [60, 200]),
  vital('dbp', '--bp', [30, 130]),
  vital('map', '--bp', [40, 150]),
  vital('temp', '--temp', [34, 42], null, 1),
  vital('glucose', '--glucose', [2, 20], null, 1),
  vital('glucose_isf', '--glucose', [2, 20], SENSOR, 1),
  result('glucose_fasting', 'lab', 1),
  result('glucose_pp2h', 'lab', 1),
  result('ketone', 'lab', 1),
  result('hba1c', 'lab', 1),
  result('lactate', 'lab', 1),
  result('potassium', 'lab', 1),
  result('troponin_i_hs', 'lab', 0),
  result('troponin_t_hs', 'lab', 0),
  result('crp', 'lab', 0),
  result('creatinine', 'lab', 0),
  result('hemoglobin', 'lab', 0),
  result('inr', 'lab', 1),
  result('cholesterol', 'lab', 2),
  result('ldl', 'lab', 2),
  result('hdl', 'lab', 2),
  result('triglyceride', 'lab', 2),
  result('pef', 'lungs', 0),
  result('fev1', 'lungs', 2),
  result('fvc', 'lungs', 2),
  result('weight', 'body', 1),
  result('height', 'body', 0),
  result('bmi', 'body', 1),
  result('steps', 'activity', 0),
  result('sleep_duration', 'activity', 0),
]

/** Of the device, not of the patient: it stands with the devices. */
export const OF_DEVICES: readonly string[] = ['battery']

/** Metrics that a patient is expected to have: their tiles stand empty until the first reading. */
export const EXPECTED = ['spo2', 'pulse_rate']

const PLACE = new Map(TILES.map((tile, place) => [tile.metric, place]))

export function shown(metric: string): Shown {
  return TILES[place(metric)] ?? result(metric, 'lab', 1)
}

/** Where it stands; what this page does not know yet stands last. */
export function place(metric: string): number {
  return PLACE.get(metric) ?? TILES.length
}

const UNITS: Record<string, string> = {
  'mm[Hg]': 'mmHg',
  Cel: '°C',
  'umol/L': 'µmol/L',
  'kg/m2': 'kg/m²',
  '{score}': '',
  '{INR}': '',
  '{steps}': '',
}

/** UCUM as people write it: mm[Hg] → mmHg, Cel → °C. */
export function unitText(ucum: string): string {
  return UNITS[ucum] ?? ucum
}

const SIGN = { '<': '<', '<=': '≤', '>=': '≥', '>': '>' } as const

/** "38.2", or "≥ 33.3" where the meter could tell no more. */
export function numberText({ metric, value, comparator }: Pick<MetricValue, 'metric' | 'value' | 'comparator'>): string {
  const digits = shown(metric).digits
  const text = value.toFixed(digits || value >= 10 || Number.isInteger(value) ? digits : 1) // a troponin of 0.4 is not 0
  return comparator ? `${SIGN[comparator]} ${text}` : text
}

/** A number that was live and is no longer; one of a single moment only grows older, and says so. */
export function isStale(metric: string, ageS: number): boolean {
  const liveS = shown(metric).liveS
  return ageS > (liveS ?? 3600)
}
