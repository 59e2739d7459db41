// Which numbers stand together: the three of a blood pressure in one tile, results in lists by group. Pure.
import type { MetricValue } from '../shared/wire'
import { EXPECTED, OF_DEVICES, place, shown, type Group } from './metrics'

export interface TileOf {
  readonly metric: string
  readonly value: MetricValue | undefined
  readonly diastolic: MetricValue | undefined
  readonly mean: MetricValue | undefined
}
export interface Shelf {
  readonly group: Group
  readonly values: readonly MetricValue[]
}

/** Of one cuff at one moment; a diastolic of another measurement never stands beside this systolic. */
function together(one: MetricValue | undefined, other: MetricValue | undefined): MetricValue | undefined {
  return one && other && one.at === other.at && one.device_id === other.device_id ? other : undefined
}

export function tilesOf(values: readonly MetricValue[]): TileOf[] {
  const by = new Map(values.filter(({ metric }) => shown(metric).group === 'vital').map((value) => [value.metric, value]))
  const diastolic = together(by.get('sbp'), by.get('dbp'))
  const mean = together(by.get('sbp'), by.get('map'))
  const beside = [diastolic?.metric, mean?.metric]
  return [...new Set([...EXPECTED, ...by.keys()])]
    .filter((metric) => !beside.includes(metric))
    .sort((a, b) => place(a) - place(b))
    .map((metric) => (metric === 'sbp' ? { metric, value: by.get(metric), diastolic, mean } : { metric, value: by.get(metric), diastolic: undefined, mean: undefined }))
}

/** All that is no vital sign, by group, each in the order of the table. */
export function shelvesOf(values: readonly MetricValue[]): Shelf[] {
  const results = values.filter(({ metric }) => shown(metric).group !== 'vital' && !OF_DEVICES.includes(metric))
  const sorted = [...results].sort((a, b) => place(a.metric) - place(b.metric) || a.metric.localeCompare(b.metric))
  return (['lab', 'lungs', 'body', 'activity'] as const)
    .map((group) => ({ group, values: sorted.filter(({ metric }) => shown(metric).group === group) }))
    .filter((shelf) => shelf.values.length > 0)
}
