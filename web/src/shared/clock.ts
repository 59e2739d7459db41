// The server's time, as this browser can best know it, and its tick each second.
import { signal } from '@preact/signals'

const KEPT = 10
const leads: number[] = []
let offsetMs = 0

/** Milliseconds since the epoch by the server's clock; moves each second. */
export const now = signal(Date.now())

/** The offset is the largest seen: a heartbeat can only arrive late, never early. */
export function bestOffset(recent: readonly number[]): number {
  return recent.length ? Math.max(...recent) : 0
}

/** A heartbeat said that it is `serverMs` now. */
export function heard(serverMs: number): void {
  leads.push(serverMs - Date.now())
  if (leads.length > KEPT) leads.shift()
  offsetMs = bestOffset(leads)
}

export function serverNow(): number {
  return Date.now() + offsetMs
}

setInterval(() => {
  now.value = serverNow()
}, 1000)
