// Which messages are asked for, in the page's address too, so that a device's page can point here. Pure.
import type { QuarantineState } from '../shared/wire'

export interface Wish {
  readonly state: QuarantineState | 'all'
  readonly device: string
  readonly reason: string
  readonly hours: number // back from now; 0: all that is kept
}

/** Reasons for a whole message, in the order in which they happen (devices.readings.Reason). */
export const REASONS = [
  'unknown_device',
  'wrong_topic',
  'too_large',
  'bad_utf8',
  'bad_json',
  'duplicate_key',
  'wrong_shape',
  'malformed',
  'bad_checksum',
  'forbidden',
] as const

export function fromAddress(search: string): Wish {
  return { state: 'open', device: new URLSearchParams(search).get('device') ?? '', reason: '', hours: 0 }
}

export function queryOf({ state, device, reason, hours }: Wish, nowMs = Date.now()): string {
  const query = new URLSearchParams({ state })
  if (device.trim()) query.set('device', device.trim())
  if (reason) query.set('reason', reason)
  if (hours) query.set('since', new Date(Math.floor(nowMs / 60_000) * 60_000 - hours * 3_600_000).toISOString())
  return query.toString()
}
