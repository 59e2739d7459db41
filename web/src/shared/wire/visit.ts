// One visit, and what the rules make of it. Types only.
import type { Document, Tested } from './clinic'
import type { Moment, Sex, VisitState } from './hospital'

/** What a rule does not allow, and on what it stands. */
export interface RuleRefusal {
  rule: string
  article: string
  sentence: string
  sentence_zh: string
}
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
