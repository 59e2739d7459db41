// The own visit at another time: where there is a place, and the two numbers for after the page has begun anew.
import { get, post } from '../../shared/api'
import type { MoveTarget, MyTicket } from '../../shared/wire'

const MOVED = 'bedside.moved'

export interface Numbers {
  readonly old: number
  readonly fresh: number
}

export const targets = (): Promise<MoveTarget[]> => get<MoveTarget[]>('/ticket/sessions')

/** The live line knows this browser by the old ticket: so the page begins anew, with the new one. */
export async function move(mine: MyTicket, to: MoveTarget): Promise<void> {
  const { serial } = await post<{ serial: number }>('/ticket/move', { session_id: to.id })
  sessionStorage.setItem(MOVED, JSON.stringify({ old: mine.serial, fresh: serial }))
  location.reload()
}

/** Told as long as the number that was given stands. */
export function justMoved(mine: MyTicket): Numbers | null {
  const kept = sessionStorage.getItem(MOVED)
  const numbers = kept ? (JSON.parse(kept) as Numbers) : null
  return numbers?.fresh === mine.serial ? numbers : null
}
