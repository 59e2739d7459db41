// Where the patient is: from the link to the end of the visit. The server's ticket decides; this page only follows.
import { signal } from '@preact/signals'
import { get, post, Problem, toProblem } from '../shared/api'
import { Live } from '../shared/live/live'
import { loadHospital } from '../shared/staff'
import type { Hospital, Look, MyTicket } from '../shared/wire'

export type Place =
  | { at: 'loading' }
  | { at: 'trouble'; problem: Problem }
  | { at: 'closed'; why: 'missing' | 'dead' | 'locked' }
  | { at: 'look'; look: Look }
  | { at: 'birth'; look: Look }
  | { at: 'ticket' }

export const place = signal<Place>({ at: 'loading' })
export const hospital = signal<Hospital | null>(null)
export const ticket = signal<MyTicket | null>(null)
/** The visit that this window is in: answered here, or found under way when the page was loaded. */
export const visitHere = signal<string | null>(null)
/** Open once the birth date was right. */
export const live = signal<Live | null>(null)

const TOKEN = 'bedside.join'

/** A notification was tapped: its link may be another person's of the family. A call that runs goes on. */
export function followNotifications(): void {
  if (!('serviceWorker' in navigator)) return
  navigator.serviceWorker.addEventListener('message', ({ data }: MessageEvent<{ opened?: string }>) => {
    const fragment = data.opened?.split('#')[1]
    if (!fragment || `#${fragment}` === keptFragment() || visitHere.value) return
    location.hash = fragment
  })
}

/** Another link in the same window changes nothing but the fragment: the page begins anew with it. A call that runs goes on. */
export function followLinks(): void {
  addEventListener('hashchange', () => {
    if (visitHere.value) history.replaceState(null, '', location.pathname)
    else if (location.hash.length > 1) location.reload()
  })
}

/** The token leaves the address bar, so that it is in no history and no screenshot; this tab keeps it for a refresh. */
function takeToken(): string | null {
  const fragment = location.hash.slice(1)
  if (!fragment) return null
  history.replaceState(null, '', location.pathname)
  sessionStorage.setItem(TOKEN, fragment)
  return fragment
}

/** The link as it was opened, to open it again elsewhere. */
export function keptFragment(): string {
  const kept = sessionStorage.getItem(TOKEN)
  return kept ? `#${kept}` : ''
}

function closed(error: unknown): Place {
  const problem = toProblem(error)
  if (problem.slug === 'link-locked') return { at: 'closed', why: 'locked' }
  if (problem.slug === 'link-dead') return { at: 'closed', why: 'dead' }
  return { at: 'trouble', problem }
}

async function look(token: string): Promise<void> {
  try {
    const found = await post<Look>('/join/look', { token })
    place.value = found.tries_left > 0 ? { at: 'look', look: found } : { at: 'closed', why: 'locked' }
  } catch (error) {
    place.value = closed(error)
  }
}

/** A link just opened begins at the hospital's name; a refresh goes on where it was. */
export async function start(): Promise<void> {
  place.value = { at: 'loading' }
  const opened = takeToken()
  hospital.value = await loadHospital().catch(() => null)
  if (opened) return look(opened)
  try {
    enter(await get<MyTicket>('/ticket'))
  } catch (error) {
    await withoutTicket(toProblem(error))
  }
}

async function withoutTicket(problem: Problem): Promise<void> {
  const kept = sessionStorage.getItem(TOKEN)
  if (problem.status !== 401) place.value = { at: 'trouble', problem }
  else if (kept) await look(kept)
  else place.value = { at: 'closed', why: 'missing' }
}

/** Throws the Problem of a wrong date; a dead or locked link closes the page. */
export async function check(birthDate: string): Promise<void> {
  const token = sessionStorage.getItem(TOKEN) ?? ''
  try {
    const checked = await post<{ ticket: MyTicket }>('/join/check', { token, birth_date: birthDate })
    enter(checked.ticket)
  } catch (error) {
    const next = closed(error)
    if (next.at === 'closed') place.value = next
    else throw toProblem(error)
  }
}

export function enter(mine: MyTicket): void {
  ticket.value = mine
  if (mine.visit?.state === 'in_visit') visitHere.value = mine.visit.id
  place.value = { at: 'ticket' }
  if (!live.value && !isOver(mine)) live.value = new Live('patient', stillIn)
}

const OVER: readonly MyTicket['state'][] = ['completed', 'no_show', 'cancelled', 'withdrawn', 'transferred']

export function isOver(mine: MyTicket): boolean {
  return OVER.includes(mine.state)
}

/** The socket was refused: the visit is over, or a new link took the place of this one. */
async function stillIn(): Promise<boolean> {
  try {
    ticket.value = await get<MyTicket>('/ticket')
    return !isOver(ticket.value)
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) return true
    if (ticket.value && (isOver(ticket.value) || ticket.value.state === 'in_visit')) endedByLink(ticket.value)
    else place.value = { at: 'closed', why: 'dead' }
    return false
  }
}

/** The link dies with the visit, sometimes before this page has heard of the end. */
function endedByLink(mine: MyTicket): void {
  ticket.value = { ...mine, state: isOver(mine) ? mine.state : 'completed', visit: null }
}
