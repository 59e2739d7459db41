// Which devices are listed: page by page, again after every change that the server tells.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../shared/api'
import type { Device, DevicePage, DeviceState } from '../shared/wire'

export interface Wish {
  readonly search: string
  readonly state: DeviceState | ''
  readonly worn: 'true' | 'false' | ''
  readonly attention: Attention | ''
}
export type Attention = 'quiet' | 'battery' | 'refused'
export const NO_WISH: Wish = { search: '', state: '', worn: '', attention: '' }

export function fromAddress(address: string): Wish {
  return { ...NO_WISH, search: new URLSearchParams(address).get('search') ?? '' }
}

export function queryOf({ search, state, worn, attention }: Wish): string {
  const query = new URLSearchParams()
  if (search.trim()) query.set('search', search.trim())
  if (state) query.set('state', state)
  if (worn) query.set('worn', worn)
  if (attention) query.set('attention', attention)
  return query.toString()
}

interface Listed {
  readonly devices: readonly Device[] | null
  readonly next: string | null
  readonly total: number | null
}
const NOTHING: Listed = { devices: null, next: null, total: null }
const PAGE = 50
const LARGEST = 200 // of one answer
const EVERY_MS = 10_000

/** The first `wanted` of them: what was opened by "more" stays open when the list is read again. */
export async function read(query: string, wanted: number, ask: (path: string) => Promise<DevicePage> = get<DevicePage>): Promise<Listed> {
  let listed: Listed = NOTHING
  do {
    const devices = listed.devices ?? []
    const limit = Math.min(LARGEST, wanted - devices.length)
    const after = listed.next === null ? '' : `&after=${encodeURIComponent(listed.next)}`
    const page = await ask(`/devices?${query}&limit=${limit}${after}`)
    listed = { ...page, devices: [...devices, ...page.devices] }
  } while (listed.next !== null && (listed.devices?.length ?? 0) < wanted)
  return listed
}

/** Who is looked at grows old: what a row says of its device is asked for again, where somebody is looking. */
function useTurns(): readonly [number, () => void] {
  const [turn, setTurn] = useState(0)
  const again = (): void => setTurn((before) => before + 1)
  useEffect(() => {
    const seen = (): void => void (document.visibilityState === 'visible' && again())
    const timer = setInterval(seen, EVERY_MS)
    document.addEventListener('visibilitychange', seen)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [])
  return [turn, again]
}

/** `revision` is the server's: another one, and the list is read again. An answer to an older wish is passed over. */
export function useListed(wish: Wish, revision: unknown) {
  const query = queryOf(wish)
  const [listed, setListed] = useState<Listed>(NOTHING)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [opened, setOpened] = useState({ query, wanted: PAGE })
  const [turn, again] = useTurns()
  const wanted = opened.query === query ? opened.wanted : PAGE
  useEffect(() => {
    let gone = false
    read(query, wanted).then(
      (found) => {
        if (gone) return
        setListed(found)
        setProblem(null)
      },
      (error: unknown) => gone || setProblem(toProblem(error)),
    )
    return () => {
      gone = true
    }
  }, [query, wanted, revision, turn])
  return { ...listed, problem, again, more: () => setOpened({ query, wanted: wanted + PAGE }) }
}
