// Which device takes another's place: one in service that nobody wears, looked for by what stands on it.
import { useEffect, useRef, useState } from 'preact/hooks'
import { get, toProblem, type Problem } from '../shared/api'
import { Refusal } from '../shared/ui/Refusal'
import type { Device, DevicePage } from '../shared/wire'
import { kindText } from './deviceWords'
import { t } from './words'

const RESTS_MS = 250
const EACH = 50

interface Free {
  readonly devices: readonly Device[]
  readonly more: boolean
}

async function free(search: string, not: string): Promise<Free> {
  const ask = (state: string): Promise<DevicePage> => get<DevicePage>(`/devices?worn=false&state=${state}&limit=${EACH}&search=${encodeURIComponent(search)}`)
  const pages = await Promise.all([ask('active'), ask('new')])
  return { devices: pages.flatMap((page) => page.devices).filter(({ id }) => id !== not), more: pages.some((page) => page.next !== null) }
}

/** null while they are looked for; an answer to older words is passed over. */
function useFree(not: string) {
  const [search, setSearch] = useState('')
  const [found, setFound] = useState<Free | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    let gone = false
    free(search, not).then(
      (all) => {
        if (gone) return
        setFound(all)
        setProblem(null)
      },
      (error: unknown) => gone || setProblem(toProblem(error)),
    )
    return () => {
      gone = true
    }
  }, [search, not])
  return { found, problem, search, setSearch }
}

function optionText(device: Device): string {
  return [device.label, device.id, kindText(device)].filter(Boolean).join(' · ')
}

export function By({ device, by, choose }: { device: Device; by: string; choose: (id: string) => void }) {
  const { found, problem, search, setSearch } = useFree(device.id)
  const timer = useRef(0)
  useEffect(() => () => clearTimeout(timer.current), [])
  const type = (typed: string): void => {
    choose('') // which was chosen may not be among those found
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => setSearch(typed.trim()), RESTS_MS)
  }
  return (
    <>
      <label class="field">
        <span>{t('search')}</span>
        <input type="search" maxLength={80} autocomplete="off" data-testid="replace-search" placeholder={t('searchIn')} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      <Refusal problem={problem} />
      {!found && !problem && <p class="soft">{t('loading')}</p>}
      <p class="message" role="status" data-testid="replace-none" hidden={found?.devices.length !== 0}>
        {search ? t('nothingFound') : t('noFreeDevice')}
      </p>
      {found && found.devices.length > 0 && (
        <label class="field">
          <span>{t('replaceBy')}</span>
          <select required data-testid="replace-by" value={by} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="">{t('chooseDevice')}</option>
            {found.devices.map((each) => (
              <option key={each.id} value={each.id}>
                {optionText(each)}
              </option>
            ))}
          </select>
          {found.more && <small>{t('moreFree')}</small>}
        </label>
      )}
    </>
  )
}
