// How far the booking is: department, doctor, session, person, done – or a place that is held, from its link. Data only.
import { signal } from '@preact/signals'
import { language } from '../shared/language'
import type { Department, DoctorCard, Hospital, Moment, OpenSession } from '../shared/wire'

export interface Hours {
  title: string
  opens_at: Moment
  closes_at: Moment
}
/** What the server answers to a booking. `calendar` is a file's text. */
export interface Booked extends Hours {
  serial: number
  doctor: { name: string }
  calendar: string
}

export type Step =
  | { at: 'department' }
  | { at: 'doctor'; department: Department }
  | { at: 'session'; department: Department; doctor: DoctorCard }
  | { at: 'person'; department: Department; doctor: DoctorCard; session: OpenSession }
  | { at: 'booked'; booked: Booked; phone: string | null }
  | { at: 'listed'; hours: Hours; doctor: DoctorCard; phone: string }
  | { at: 'offer'; token: string }

export const step = signal<Step>({ at: 'department' })
export const hospital = signal<Hospital | null>(null)

/** The link of an offer carries its token behind `#`; it leaves the address bar at once. In a window that shows this page
 * already it changes nothing but the fragment. */
export function takeOffer(): void {
  onhashchange = takeOffer
  const token = location.hash.slice(1)
  if (!token) return
  history.replaceState(null, '', location.pathname)
  step.value = { at: 'offer', token }
}

export function back(): void {
  const now = step.value
  if (now.at === 'doctor') step.value = { at: 'department' }
  if (now.at === 'session') step.value = { at: 'doctor', department: now.department }
  if (now.at === 'person') step.value = { at: 'session', department: now.department, doctor: now.doctor }
}

export function doctorTitle(doctor: DoctorCard): string {
  return language.value === 'en' ? doctor.title_en || doctor.title : doctor.title
}
