// What is measured: readings, alarms, their history, waveforms. Types only.
import type { Moment, Named, Priority } from './hospital'

/** A doctor who has left, for whose patients' alarms nobody else answers yet. */
export interface Unattended {
  doctor: Named
  department: Named | null
  since: Moment
  patients: number
}
export interface Limit {
  below?: number
  at_most?: number
  at_least?: number
  above?: number
  for_s?: number
}
export interface Alarm {
  id: string
  patient: { id: string; name: string }
  kind: 'physiological' | 'technical'
  condition: string
  rule: string
  priority: Priority
  state: 'active' | 'ended' | 'resolved'
  metric: string | null
  value: number | null
  unit: string | null
  limit: Limit | null
  device_id: string | null
  raised_at: Moment
  since: Moment
  late: boolean
  round: number
  ended_at: Moment | null
  resolved_at: Moment | null
  acknowledged: { by: string; at: Moment; priority: Priority } | null
  told: { to: string; channel: string; state: string; at: Moment | null }[]
  next: { to: string; at: Moment } | null
}
/** Of an alarm what a chart of long ago marks. */
export interface AlarmMark {
  id: string
  condition: string
  rule: string
  priority: Priority
  metric: string | null
  value: number | null
  raised_at: Moment
  ended_at: Moment | null
}
/** `at` in milliseconds since 1970. */
export type HistoryPoint = readonly [at: number, low: number, high: number, mean: number, last: number, count: number]
/** `width_s` of a point; where nothing was measured there is none. */
export interface History {
  metric: string
  unit: string
  start: Moment
  until: Moment
  level: 'single' | 'minute' | 'hour' | 'day'
  width_s: number
  complete: boolean
  points: HistoryPoint[]
  alarms: AlarmMark[]
}
export interface MetricValue {
  metric: string
  value: number
  unit: string
  at: Moment
  received_at: Moment
  device_id: string
  late: boolean
  comparator: '<' | '<=' | '>=' | '>' | null // the true value lies beyond the one shown
  context: string[] // what was said beside the value: before_food, preliminary
}
export interface Monitoring {
  profile: string | null
  reason: 'no_device' | 'no_limits' | 'under_18' | 'partly' | null
  devices: { id: string; label: string; last_received_at: Moment | null; profile: string | null }[]
}
export interface Readings {
  until: Moment
  series: Record<string, [number, number][]>
}
export interface PatientFound {
  id: string
  name: string
  birth_date: string
  phone_end: string
  serials: number[]
}
/** `start_us`: microseconds since 1970; `samples`: int16, little-endian, Base64. */
export interface WaveBlock {
  channel: string
  unit: string
  device_id: string
  start_us: number
  rate: number
  gain: number
  offset: number
  samples: string
}
export interface Waves {
  channel: string
  unit: string
  start_us: number
  level: 'samples' | 'envelope'
  width_us: number
  low: (number | null)[]
  high: (number | null)[]
  blocks: WaveBlock[]
}
export interface WaveChannel {
  channel: string
  unit: string
}
