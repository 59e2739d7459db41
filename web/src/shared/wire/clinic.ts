// Sessions and their lines, as staff and as the patient see them. Types only.
import type { Moment, Priority, SessionState, Sex, VisitKind, VisitState } from './hospital'

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
export interface WaitError {
  doctor: { id: string; name: string }
  kind: VisitKind | null
  n: number
  coverage: number // the share of waits within their range, 0 … 1
  mean_abs_error_s: number
  bias_s: number // positive where too long a wait was told
}
