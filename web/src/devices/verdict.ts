// What the panel says of a device's connection. Green is promised for what was taken, not for what has merely arrived.
import type { Connectivity } from '../shared/wire'

type Refusal = NonNullable<Connectivity['last_refusal']>
/** `partly`: its newest message came, and something in it was refused. */
export type Verdict = 'waiting' | 'connected' | 'heard' | 'partly' | 'refused'

/** Nothing of such a message was read (devices/readings.py). */
const UNREAD: readonly string[] = ['wrong_topic', 'too_large', 'bad_utf8', 'bad_json', 'malformed', 'bad_checksum', 'forbidden']

function ofRefusal(refusal: Refusal, heardAt: string | null): Verdict | null {
  const behind = heardAt === null ? Infinity : Date.parse(refusal.at) - Date.parse(heardAt)
  if (behind < 0) return null
  return behind > 0 || UNREAD.includes(refusal.reason) ? 'refused' : 'partly'
}

export function verdictOf(known: Connectivity | null): Verdict {
  if (!known) return 'waiting'
  const refused = known.last_refusal && ofRefusal(known.last_refusal, known.last_message_at)
  if (refused) return refused
  if (known.first_message_at) return 'heard'
  return known.state === 'connected' ? 'connected' : 'waiting'
}
