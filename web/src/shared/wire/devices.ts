// The registry of devices, what their broker lost, and the quarantine. Types only.
import type { Moment, Named } from './hospital'
import type { MetricValue } from './monitoring'

export type DeviceState = 'new' | 'active' | 'lost' | 'replaced' | 'revoked'
export interface Device {
  id: string
  label: string
  maker: string | null
  model: string | null
  serial: string | null
  state: DeviceState
  replaced_by: string | null
  created_at: Moment
  last_received_at: Moment | null
  first_received_at: Moment | null
  battery: { percent: number; at: Moment } | null
  firmware: string | null
  clock_offset_ms: number // device clock minus ours
  connection: Connection
  patient: Named | null
  worn: boolean // true also where the wearer is not named to the one who asks
  profile: string | null
  claimable_until: Moment | null
  credential_pending: boolean // an outside broker has not taken the newest credential yet
}
export type Connection = 'never' | 'connected' | 'disconnected' | 'refused' | 'unknown'
export interface DevicePage {
  devices: Device[]
  next: string | null
  total: number
}
export interface Connectivity {
  state: Connection
  since: Moment | null
  first_message_at: Moment | null
  last_message_at: Moment | null
  last_refusal: { reason: string; detail: string; at: Moment } | null
}
/** What makes a device speak, ready to be pasted. */
export interface Lines {
  mosquitto_pub: string
  curl: string
  python: string
  ca_url: string | null
  account: string | null // to be said at the broker before, where its accounts are kept by hand
}
export interface ClaimCode {
  code: string
  url: string
  qr: string[]
  expires_at: Moment
}
export interface DeviceAdded {
  device: Device
  secret: string
  topic: string
  claim: ClaimCode | null
  lines: Lines
}
export interface DeviceStep {
  at: Moment
  action: string
  by: string | null
}
export interface DeviceCertificate {
  fingerprint: string
  expires_at: string
  bound_at: string
}
export interface DeviceDetail {
  device: Device
  connectivity: Connectivity & { lines: Lines }
  history: DeviceStep[]
  certificates: DeviceCertificate[]
}
export interface BrokerDrops {
  id: string
  broker: string
  number: number
  raised_at: string
  last_at: string
  ended_at: string | null
}
export interface DeviceGap {
  device_id: string
  label: string
  first: number
  last: number
  number: number
  at: string
}
export interface ImportReport {
  rows: number
  new: number
  existing: number
  errors: { row: number; column: string | null; reason: string; detail: string }[]
  more_errors?: number
  unheard: number // of those existing: whose credential can be made anew
}
export type QuarantineState = 'open' | 'replayed' | 'dismissed'
/** `taken` counts the readings that were taken of it when it came. */
export interface Quarantined {
  id: string
  received_at: Moment
  topic: string
  device_id: string | null
  reason: string
  detail: string
  size: number
  taken: number
  state: QuarantineState
  settled_at: Moment | null
  settled_by: string | null
  why: string | null
}
/** Bytes are base64. */
export interface QuarantineDetail {
  message: Quarantined
  payload: string
  copies: { number: number; format: string; payload: string; written_at: Moment; written_by: string }[]
}
export interface QuarantinePage {
  rows: Quarantined[]
  more: boolean
}
export interface Reread {
  taken: { metric: string; value: number; unit: string; at: Moment; comparator: MetricValue['comparator'] }[]
  refused: { metric: string | null; reason: string; detail: string }[]
}
