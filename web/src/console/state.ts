// What the console is looking at: which session, which visit, which patient. Data only; the server holds the truth.
import { computed, signal } from '@preact/signals'
import { get } from '../shared/api'
import { Live } from '../shared/live/live'
import { under } from '../shared/live/delta'
import { stillSignedIn } from '../shared/staff'
import type { Topic } from '../shared/live/topic'
import type { Alarm, Hospital, Me, Session } from '../shared/wire'
import { inOrder, isOpen } from './alarms'

export interface Desk {
  readonly me: Me
  readonly hospital: Hospital
  readonly live: Live
  readonly alarmTopic: Topic | null
}
export type Tab = 'line' | 'visit' | 'patient'

export const sessions = signal<Session[]>([])
export const sessionId = signal<string | null>(null)
export const visitId = signal<string | null>(null)
/** Whom the right side shows; null: the patient of the visit. */
export const chosenPatient = signal<{ id: string; name: string } | null>(null)
export const tab = signal<Tab>('line')

export function openDesk(me: Me, hospital: Hospital): Desk {
  const live = new Live('staff', stillSignedIn)
  return { me, hospital, live, alarmTopic: me.role === 'doctor' ? live.watchTopic(`alarms:${me.id}`) : null }
}

/** The doctor's open alarms of all patients, the most pressing first. */
export function openAlarms(desk: Desk) {
  return computed(() => inOrder(under<Alarm>(desk.alarmTopic?.values.value ?? new Map(), 'alarm/').filter(isOpen)))
}

export function choosePatient(patient: { id: string; name: string }): void {
  chosenPatient.value = patient
  tab.value = 'patient'
}

/** Those of today that this person serves, may join or arranges. */
export async function loadSessions(): Promise<void> {
  sessions.value = await get<Session[]>('/sessions')
}

/** Whose line it is not, that doctor does not see it. */
export function serves(me: Me, session: Session | undefined): boolean {
  return me.role !== 'doctor' || (session?.doctors.some((doctor) => doctor.id === me.id) ?? false)
}

const REMEMBERED = 'bedside.session'

export function chooseSession(id: string): void {
  sessionId.value = id
  sessionStorage.setItem(REMEMBERED, id)
}

/** The session of before, else the open one, else the first of today. */
export function firstSession(all: readonly Session[]): string | null {
  const before = sessionStorage.getItem(REMEMBERED)
  const known = all.find((each) => each.id === before) ?? all.find((each) => each.state === 'open') ?? all[0]
  return known?.id ?? null
}
