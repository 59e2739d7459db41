// Which deliveries are shown, and where the link in a text is. Pure.
import type { Delivery } from '../shared/wire'

export interface Wish {
  readonly state: Delivery['state'] | 'all'
  readonly text: string
}

/** Newest first. */
export function choose(all: readonly Delivery[], { state, text }: Wish): Delivery[] {
  const wanted = text.trim().toLowerCase()
  return all
    .filter((each) => state === 'all' || each.state === state)
    .filter((each) => `${each.address} ${each.body}`.toLowerCase().includes(wanted))
    .sort((a, b) => b.created_at.localeCompare(a.created_at))
}

/** The text before, the link, the text after; link is null where there is none. */
export function splitLink(body: string): { before: string; link: string | null; after: string } {
  const found = /https?:\/\/[^\s，。【】]+/.exec(body)
  if (!found) return { before: body, link: null, after: '' }
  return { before: body.slice(0, found.index), link: found[0], after: body.slice(found.index + found[0].length) }
}
