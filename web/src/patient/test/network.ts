// How good the way to the hospital's own server is: answers timed, the page's own files fetched afresh.
import { get } from '../../shared/api'
import { upload } from './upload'

/** `kbps` down to the page, `kbps_up` to the hospital, null where that was not measured. */
export interface Network {
  readonly rtt_ms: number
  readonly kbps: number
  readonly kbps_up: number | null
}
export type Link = 'good' | 'slow' | 'poor'

const ANSWERS = 5
const LONGEST_MS = 6_000

/** The middle one: one slow answer says little. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** A video visit needs about 500 kbit/s each way and answers in under 400 ms; sound alone needs 100 kbit/s. */
export function judge({ rtt_ms, kbps, kbps_up }: Network): Link {
  const narrower = Math.min(kbps, kbps_up ?? kbps)
  if (narrower >= 500 && rtt_ms <= 400) return 'good'
  return narrower >= 100 && rtt_ms <= 1_200 ? 'slow' : 'poor'
}

async function roundTrips(): Promise<number> {
  const taken: number[] = []
  for (let turn = 0; turn < ANSWERS; turn += 1) {
    const sent = performance.now()
    await get('/hospital')
    taken.push(performance.now() - sent)
  }
  return median(taken)
}

function ownFiles(): string[] {
  const links = [...document.querySelectorAll<HTMLLinkElement>('link[rel=modulepreload]')].map((link) => link.href)
  return links.length ? links : [location.pathname]
}

async function bytesOf(address: string, signal: AbortSignal): Promise<number> {
  const reply = await fetch(address, { cache: 'no-store', signal })
  return (await reply.arrayBuffer()).byteLength
}

/** Bits per millisecond are kbit/s. What has not come in six seconds is not waited for. */
async function download(): Promise<number> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), LONGEST_MS)
  const began = performance.now()
  const sizes = await Promise.all(ownFiles().map((address) => bytesOf(address, abort.signal).catch(() => 0)))
  clearTimeout(timer)
  return (sizes.reduce((sum, size) => sum + size, 0) * 8) / Math.max(1, performance.now() - began)
}

/** Throws the Problem where the server does not answer at all. */
export async function measureNetwork(): Promise<Network> {
  const rtt_ms = Math.round(await roundTrips())
  const rounds = [await download(), await download()]
  return { rtt_ms, kbps: Math.round(Math.max(...rounds)), kbps_up: await upload(rtt_ms) }
}
