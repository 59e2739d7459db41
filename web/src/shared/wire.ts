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
export interface Hospital {
  name: string
  telephone: string
  demonstration: boolean
  time_zone: string
  version: string
  public_url?: string | null
}
export interface Session {
  id: string
  title: string
  doctor: { id: string; name: string }
  opens_at: Moment
  closes_at: Moment
  state: 'planned' | 'open' | 'closed'
  booked: number
  waiting: number
}
export type Sex = 'female' | 'male' | 'other' | 'unknown'
export type TicketState = 'booked' | 'arrived' | 'called' | 'in_visit' | 'completed' | 'no_show'
export type Cause = 'patient_absent' | 'technical_failure' | 'unfit_for_online_care'
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
}
export type VisitState = 'called' | 'in_visit' | 'ended' | 'missed'
export type Outcome = 'completed' | 'patient_absent' | 'technical_failure' | 'unfit_for_online_care'
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
export interface MetricValue {
  metric: string
  value: number
  unit: string
  at: Moment
  received_at: Moment
  device_id: string
  late: boolean
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
export interface Device {
  id: string
  label: string
  last_received_at: Moment | null
  patient: { id: string; name: string } | null
  worn?: boolean // true also where the wearer is not named to the one who asks
  profile: string | null
  revoked: boolean
}
export interface Delivery {
  id: string
  cause: string
  channel: string
  address: string
  template: string
  body: string
  state: 'queued' | 'sent' | 'failed' | 'expired'
  attempts: number
  created_at: Moment
  sent_at: Moment | null
  error: string | null
  urgent: boolean
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
