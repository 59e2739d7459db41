// What can be done with a ticket as it stands. Pure; the server decides again.
import type { Role, TicketRow } from '../../shared/wire'

export type Action = 'call' | 'recall' | 'hold' | 'unhold' | 'urgency' | 'transfer' | 'move' | 'cancel' | 'link'

const OUTSIDE: readonly TicketRow['state'][] = ['booked', 'arrived', 'held']

export interface Standing {
  readonly role: Role
  /** Serves this line and is in no visit, while the line is open. */
  readonly mayCall: boolean
  /** Is a doctor of this line. */
  readonly onLine: boolean
}

/** In the order in which they are offered. */
export function actionsFor(row: TicketRow, { role, mayCall, onLine }: Standing): Action[] {
  const actions: Action[] = []
  const outside = OUTSIDE.includes(row.state)
  const missed = row.state === 'no_show' || (row.state === 'arrived' && row.missed > 0)
  if (mayCall && missed) actions.push('recall')
  if (mayCall && !missed && (row.state === 'arrived' || row.state === 'held')) actions.push('call')
  if (!onLine && role !== 'operator') return []
  if (row.state === 'arrived') actions.push('hold')
  if (row.state === 'held') actions.push('unhold')
  if (outside) actions.push('urgency', 'transfer', 'move', 'cancel', 'link')
  return actions
}
