// The week as a grid: a row a doctor, a column a weekday. Pure.
import type { Profile, Template } from '../shared/wire'

export const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6] as const // 0 is Monday, as in the server

export interface DoctorWeek {
  readonly doctor: Profile['doctor']
  readonly days: readonly (readonly Template[])[]
}

/** Every doctor has a row, with and without templates; a day's windows in the order of time. */
export function week(doctors: readonly Profile[], templates: readonly Template[]): DoctorWeek[] {
  return doctors.map(({ doctor }) => {
    const own = templates.filter((template) => template.doctor.id === doctor.id)
    const days = WEEKDAYS.map((weekday) => own.filter((template) => template.weekday === weekday).sort((a, b) => a.opens.localeCompare(b.opens)))
    return { doctor, days }
  })
}

/** Why this doctor may not open a session by the record, as far as a date shows it. */
export function licenceEnds(profile: Profile, today: string): 'missing' | 'expired' | 'soon' | null {
  if (!profile.licence_no || !profile.licence_until) return 'missing'
  if (profile.licence_until < today) return 'expired'
  const soon = new Date(new Date(`${today}T00:00:00Z`).getTime() + 30 * 86_400_000).toISOString().slice(0, 10)
  return profile.licence_until <= soon ? 'soon' : null
}
