// In which order the tickets of a line are shown, and who would be called next. Pure.
import type { TicketRow } from '../shared/wire'

const SHOWN: Record<TicketRow['state'], number> = {
  in_visit: 0,
  called: 0,
  arrived: 1,
  held: 2,
  booked: 3,
  no_show: 4,
  completed: 5,
  transferred: 5,
  cancelled: 5,
  withdrawn: 5,
}

const GIVEN_BACK: readonly TicketRow['state'][] = ['cancelled', 'withdrawn', 'transferred']

/** How many of the session's places are taken: a number that was given up takes none. */
export function taken(rows: readonly TicketRow[]): number {
  return rows.filter((row) => !GIVEN_BACK.includes(row.state)).length
}

export function isOver(row: TicketRow): boolean {
  return SHOWN[row.state] >= 4
}

/** Being called, or face to face, with whichever doctor. */
export function inRoom(row: TicketRow): boolean {
  return row.visit_id !== null && (row.state === 'called' || row.state === 'in_visit')
}

export function inLineOrder(rows: readonly TicketRow[]): TicketRow[] {
  return [...rows].sort((a, b) => SHOWN[a.state] - SHOWN[b.state] || (a.ahead ?? 0) - (b.ahead ?? 0) || a.serial - b.serial)
}

/** Who would be called: the one whom nobody is ahead of. */
export function nextOf(rows: readonly TicketRow[]): TicketRow | null {
  return inLineOrder(rows).find((row) => row.state === 'arrived') ?? null
}
