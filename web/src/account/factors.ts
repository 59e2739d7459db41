// One's own second factors: what there is, whether one was shown a moment ago, and which of them is meant. Pure.
import type { Factors } from '../shared/wire'

export interface Factor {
  readonly path: string // that DELETE takes
  readonly label: string | null // null: the app, which has one name
  readonly added: string | null
}

/** The app first, then the passkeys as they were added. */
export function all(factors: Factors): Factor[] {
  const app: Factor[] = factors.totp ? [{ path: '/factors/totp', label: null, added: null }] : []
  return [...app, ...factors.passkeys.map((key) => ({ path: `/passkeys/${key.id}`, label: key.label, added: key.created_at }))]
}

const MARGIN_MS = 30_000 // that a person needs to read and decide

/** Who has none needs to show none. */
export function mayChange(factors: Factors, nowMs: number): boolean {
  if (!all(factors).length) return true
  return factors.fresh_until !== null && new Date(factors.fresh_until).getTime() - MARGIN_MS > nowMs
}
