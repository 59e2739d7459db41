// What the server sends and takes, as the API and the live topics spell it. Types only.

export type Role = 'patient' | 'doctor' | 'operator' | 'admin'
export type Priority = 'high' | 'medium' | 'low'
export type Moment = string // RFC 3339, UTC

export interface Me {
  id: string
  login: string
  name: string
  role: Role
  locale: string
}
/** One's own second factors. One shown in this sign-in counts until `fresh_until`. */
export interface Factors {
  totp: boolean
  passkeys: { id: string; label: string; created_at: Moment }[]
  stepped_up_at: Moment | null
  fresh_until: Moment | null
}
export interface Hospital {
  name: string
  telephone: string
  demonstration: boolean
  time_zone: string
  version: string
  public_url?: string | null
}
export type SessionState = 'planned' | 'open' | 'suspended' | 'closed'
export interface Session {
  id: string
  title: string
  doctor: { id: string; name: string }
  doctors: { id: string; name: string }[]
  department: { id: string; name: string } | null
  opens_at: Moment
  closes_at: Moment
  state: SessionState
  message: string | null // shown while suspended
  capacity: number | null // null: no bound
  kinds: VisitKind[]
  booked: number
  waiting: number
}
/** Where a ticket may go on. `free` counts places that are neither taken nor held for somebody; null: no bound. */
export interface Target extends Session {
  free: number | null
}
/** One line of today. `held` counts the tickets that have a place, `listed` those who wait for one. */
export interface DeskLine {
  session: Session
  held: number
  listed: number
}
export interface DeskDay {
  day: string
  more: boolean
}
/** The 10 % and the 90 % end of the waiting time, in seconds. */
export interface Wait {
  low_s: number
  high_s: number
}
export interface DeviceTest {
  camera: boolean
  microphone: boolean
  speaker: boolean
  rtt_ms: number | null
  kbps: number | null // down to the page
  kbps_up: number | null // up to the hospital
}
export interface Tested extends DeviceTest {
  tested_at: Moment
}
export type Sex = 'female' | 'male' | 'other' | 'unknown'
/** Who may be meant at a booking. `serial` is the living number held in that session already. */
export interface Candidate {
  id: string
  name: string
  sex: Sex
  birth_date: string
  phone: string // its last figures
  same_phone: boolean
  last_visit: Moment | null
  serial: number | null
}
export type TicketState =
  | 'booked'
  | 'arrived'
  | 'called'
  | 'in_visit'
  | 'held'
  | 'completed'
  | 'no_show'
  | 'cancelled'
  | 'withdrawn'
  | 'transferred'
export type Cause =
  | 'patient_absent'
  | 'doctor_absent'
  | 'technical_failure'
  | 'unfit_for_online_care'
  | 'by_patient'
  | 'by_clinic'
  | 'late'
  | 'moved'
  | 'transferred'
  | 'no_consent'
export type Urgency = 0 | 1 | 2 // urgent, soon, routine
export interface TicketRow {
  id: string
  serial: number
  patient: { id: string; name: string; sex: Sex; age: number; birth_date: string }
  state: TicketState
  cause: Cause | null
  ahead: number | null
  arrived_at: Moment | null
  missed: number
  visit_id: string | null
  consented: boolean
  online: boolean
  worst_alarm: Priority | null
  urgency: Urgency
  held: boolean
  late: boolean
  came_from: string | null
  reason: string | null // why somebody stepped out of the order for it; for the doctors of the line
  called_by: string | null // the doctor in whose room the ticket is
  wait: Wait | null
  complaint: string | null
  device_test: Tested | null
}
export interface Line {
  session: Session
  tickets: TicketRow[]
}
export interface MyTicket {
  id: string
  serial: number
  state: TicketState
  cause: Cause | null
  ahead: number | null
  missed: number
  session: { title: string; opens_at: Moment; closes_at: Moment; state: Session['state'] }
  doctor: { name: string }
  hospital: { name: string; telephone: string }
  consented: boolean
  visit: { id: string; state: VisitState; ring_until: Moment } | null
  wait: (Wait & { as_of: Moment }) | null
  check_in_from: Moment | null
  suspended: { message: string } | null
  can_cancel: boolean
  can_move: boolean
  complaint: string | null
  device_test: Tested | null
  documents: Document[]
}
export interface Document {
  id: string
  media_type: string
  size: number
  uploaded_at: Moment
}
/** What a rule does not allow, and on what it stands. */
export interface RuleRefusal {
  rule: string
  article: string
  sentence: string
  sentence_zh: string
}
export type VisitState = 'called' | 'in_visit' | 'ended' | 'missed'
export type Outcome = 'completed' | 'patient_absent' | 'doctor_absent' | 'technical_failure' | 'unfit_for_online_care'
export interface Note {
  body: string
  version: number
  written_at: Moment
}
export interface Visit {
  id: string
  ticket_id: string
  serial: number
  session_id: string
  patient: { id: string; name: string; sex: Sex; birth_date: string; age: number }
  state: VisitState
  called_at: Moment
  ring_until: Moment
  answered_at: Moment | null
  media_at: Moment | null
  media_missing: boolean
  telephone: string | null
  identity_confirmed_at: Moment | null
  identity_confirmed_by: string | null
  ended_at: Moment | null
  outcome: Outcome | null
  note: Note | null
  consents: { text_id: string; text_version: string; agreed_at: Moment }[]
  complaint: string | null
  device_test: Tested | null
  documents: Document[]
  prior_diagnosis: { document_id: string | null; note: string | null; attested_at: Moment } | null
  guardian_named: string | null // at the booking
  guardian: { name: string; present: boolean; recorded_at: Moment } | null // as the doctor saw
  care: { policy: string; level: 'treatment' | 'advice_only'; may_prescribe: boolean; refused: RuleRefusal[] }
}
export interface Named {
  id: string
  name: string
}
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
export interface PatientFound {
  id: string
  name: string
  birth_date: string
  phone_end: string
  serials: number[]
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
export interface Delivery {
  id: string
  cause: string
  channel: string
  address: string
  template: string
  body: string
  state: 'queued' | 'sent' | 'delivered' | 'failed' | 'expired' | 'over_budget'
  attempts: number
  created_at: Moment
  sent_at: Moment | null
  error: string | null
  urgent: boolean
  parts: number | null // what an SMS costs
  receipt: Moment | null // when the provider said what became of it
}
export interface Look {
  hospital: { name: string; telephone: string }
  opens_at: Moment
  closes_at: Moment
  tries_left: number
}
export interface Notice {
  id: string
  version: string
  sha256: string
  locale: string
  title: string
  paragraphs: string[]
}
export interface Display {
  calling: number[] // serial numbers
  waiting: number
  suspended: string | null // the message
  doctors: number
}
export type VisitKind = 'follow_up' | 'advice' | 'report' | 'renewal'
export interface PlannedKind {
  kind: VisitKind
  minutes: number
}
export interface Department {
  id: string
  name: string
  name_en: string
}
export interface DoctorCard {
  id: string
  name: string
  title: string
  title_en: string
}
/** One that can still be booked. `free` 0: its waiting list is open; null: no bound. */
export interface OpenSession {
  id: string
  title: string
  opens_at: Moment
  closes_at: Moment
  free: number | null
  kinds: PlannedKind[]
}
/** Where a patient may move the own visit to: what the public page shows and has a place. */
export interface MoveTarget {
  id: string
  title: string
  doctor: { id: string; name: string }
  opens_at: Moment
  closes_at: Moment
  free: number | null
}
/** One as the desk sees it. `booked` counts who holds a place, `listed` who waits for one. */
export interface RosterSession {
  id: string
  title: string
  doctor: { id: string; name: string }
  department_id: string | null
  opens_at: Moment
  closes_at: Moment
  state: SessionState
  capacity: number | null
  booked: number
  free: number | null
  listed: number
}
export interface NotReached {
  cause: string
  template: string
  name: string
  phone: string | null
  since: Moment
  until: Moment
  urgent: boolean
  call_id: string | null // null where no call is asked for
  say: string
  tried: { channel: 'push' | 'sms' | 'mail' | 'voice'; state: Delivery['state']; at: Moment; error: string | null }[]
}
export interface WaitError {
  doctor: { id: string; name: string }
  kind: VisitKind | null
  n: number
  coverage: number // the share of waits within their range, 0 … 1
  mean_abs_error_s: number
  bias_s: number // positive where too long a wait was told
}
export interface DepartmentRow extends Department {
  childrens: boolean
}
export interface Template {
  id: string
  doctor: { id: string; name: string }
  department_id: string
  title: string
  weekday: number // 0 is Monday
  opens: string // by the hospital's wall clock, "08:00"
  closes: string
  first_day: string
  last_day: string | null
  capacity: number | null
  kinds: PlannedKind[]
}
export interface Holiday {
  day: string
  name: string
  runs_as: number | null // the weekday whose templates are worked that day
}
export interface Profile {
  doctor: { id: string; name: string }
  department_id: string | null
  title: string
  title_en: string
  licence_no: string
  practice_since: string | null
  licence_until: string | null
  institution_consent: boolean
}
export type TemplateName =
  | 'booked'
  | 'link_reset'
  | 'link_recovered'
  | 'reminder_day'
  | 'reminder_soon'
  | 'three_ahead'
  | 'called'
  | 'missed'
  | 'moved'
  | 'cancelled'
  | 'offer'
  | 'summary_ready'
  | 'alarm'
  | 'alarm_unanswered'
  | 'alarm_relay'
  | 'handover'
  | 'broker_drops'
export interface TextForm {
  template: TemplateName
  locale: 'zh-CN' | 'en'
  version: number // 0: the built-in
  body: string
  built_in: string
  needed: string[]
  free: string[]
  example: string
  encoding: string
  parts: number
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
