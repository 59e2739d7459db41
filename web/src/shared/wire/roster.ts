// Who works when, and what can be booked of it. Types only.
import type { Moment, SessionState, VisitKind } from './hospital'

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
