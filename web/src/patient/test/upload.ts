// The way up, which carries the patient's own picture: two helpings of random bytes, a megabyte and five seconds at most.

const SMALL = 16 * 1024
const LARGEST = 1024 * 1024 - SMALL
const LONGEST_MS = 5_000
const AIMED_MS = 1_500

/** Bits per millisecond are kbit/s; one round trip of it is the answer's way. */
export function pace(bytes: number, tookMs: number, rttMs: number): number {
  return Math.round((bytes * 8) / Math.max(tookMs - rttMs, tookMs / 5, 1))
}

/** How much to send next, so that it takes about a second and a half at this pace. */
export function helping(kbps: number): number {
  return Math.min(LARGEST, Math.max(SMALL, Math.round((kbps * AIMED_MS) / 8)))
}

/** Random, so that nothing on the way makes it smaller. */
function noise(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  for (let start = 0; start < size; start += 65_536) crypto.getRandomValues(bytes.subarray(start, start + 65_536))
  return bytes
}

async function pour(size: number, rttMs: number, signal: AbortSignal): Promise<number> {
  const body = noise(size)
  const began = performance.now()
  const reply = await fetch('/api/v1/ticket/upload-test', { method: 'POST', body, signal, headers: { 'content-type': 'application/octet-stream' } })
  if (!reply.ok) throw new Error(String(reply.status))
  return pace(size, performance.now() - began, rttMs)
}

/** kbit/s; 0 where not even the small helping came through in time, null where it was not measured. */
export async function upload(rttMs: number): Promise<number | null> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), LONGEST_MS)
  let found: number | null = null
  try {
    found = await pour(SMALL, rttMs, abort.signal)
    found = await pour(helping(found), rttMs, abort.signal)
  } catch {
    if (abort.signal.aborted) found ??= 0
  } finally {
    clearTimeout(timer)
  }
  return found
}
