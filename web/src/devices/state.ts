// Which devices are listed: page by page, again after every change that the server tells.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../shared/api'
import type { Device, DevicePage, DeviceState } from '../shared/wire'

export interface Wish {
  readonly search: string
  readonly state: DeviceState | ''
  readonly worn: 'true' | 'false' | ''
}

export function fromAddress(address: string): Wish {
  return { search: new URLSearchParams(address).get('search') ?? '', state: '', worn: '' }
}

export function queryOf({ search, state, worn }: Wish): string {
  const query = new URLSearchParams()
  if (search.trim()) query.set('search', search.trim())
  if (state) query.set('state', state)
  if (worn) query.set('worn', worn)
  return query.toString()
}

interface Listed {
  readonly devices: readonly Device[] | null
  readonly next: string | null
  readonly total: number | null
}
const NOTHING: Listed = { devices: null, next: null, total: null }

/** `revision` is the server's: another one, and the list is read again. An answer to an older wish is passed over. */
export function useListed(wish: Wish, revision: unknown) {
  const [listed, setListed] = useState<Listed>(NOTHING)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [turn, setTurn] = useState(0)
  const query = queryOf(wish)
  useEffect(() => {
    let gone = false
    get<DevicePage>(`/devices?${query}`).then(
      (page) => {
        if (gone) return
        setListed(page)
        setProblem(null)
      },
      (error: unknown) => gone || setProblem(toProblem(error)),
    )
    return () => {
      gone = true
    }
  }, [query, revision, turn])
  const more = async (): Promise<void> => {
    const page = await get<DevicePage>(`/devices?${query}&after=${encodeURIComponent(listed.next ?? '')}`)
    setListed({ ...page, devices: [...(listed.devices ?? []), ...page.devices] })
  }
  return {
    ...listed,
    problem,
    again: () => setTurn((before) => before + 1),
    more: () => void more().catch((error: unknown) => setProblem(toProblem(error))),
  }
}
