// When a call that has gone quiet is restarted. Pure: inbound bytes and the time in, an action out.
// Waiting for ICE to say "disconnected" takes about 7 s; inbound bytes tell after 2.

export const QUIET_MS = 2_000
const RESTART_AFTER_MS = [3_000, 5_000, 9_000, 17_000] // the first at 3 s, then 2, 4 and 8 s later
const RESTART_EVERY_MS = 8_000

export interface Watched {
  readonly bytes: number
  readonly changedMs: number
  readonly restarts: number
}
export interface Verdict {
  readonly watched: Watched
  readonly quiet: boolean
  readonly restart: boolean
}

export function watchFrom(nowMs: number): Watched {
  return { bytes: 0, changedMs: nowMs, restarts: 0 }
}

function restartDueMs(restarts: number): number {
  const last = RESTART_AFTER_MS[RESTART_AFTER_MS.length - 1] as number
  return RESTART_AFTER_MS[restarts] ?? last + RESTART_EVERY_MS * (restarts - RESTART_AFTER_MS.length + 1)
}

/** `bytes` is the sum over all inbound streams; it may fall to 0 when a connection begins anew. */
export function step(before: Watched, bytes: number, nowMs: number): Verdict {
  if (bytes !== before.bytes) return { watched: { bytes, changedMs: nowMs, restarts: 0 }, quiet: false, restart: false }
  const quietMs = nowMs - before.changedMs
  const restart = quietMs >= restartDueMs(before.restarts)
  const watched = restart ? { ...before, restarts: before.restarts + 1 } : before
  return { watched, quiet: quietMs >= QUIET_MS, restart }
}
