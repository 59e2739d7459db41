// Search and three choices; what is typed is asked for when the fingers rest.
import { useEffect, useRef } from 'preact/hooks'
import type { Wish } from './state'
import { t } from './words'

const STATES = ['', 'new', 'active', 'lost', 'replaced', 'revoked'] as const
const ATTENTION = ['quiet', 'battery', 'refused'] as const
const RESTS_MS = 250

/** Each field tells its own change: what is typed is told later than a choice that was made meanwhile. */
export function Filter({ wish, change }: { wish: Wish; change: (part: Partial<Wish>) => void }) {
  const timer = useRef(0)
  useEffect(() => () => clearTimeout(timer.current), [])
  const type = (search: string): void => {
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => change({ search }), RESTS_MS)
  }
  return (
    <div class="device-filter">
      <label class="field">
        <span>{t('search')}</span>
        <input type="search" data-testid="devices-search" maxLength={80} defaultValue={wish.search} placeholder={t('searchIn')} onInput={(event) => type(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>{t('state')}</span>
        <select data-testid="devices-state" value={wish.state} onChange={(event) => change({ state: event.currentTarget.value as Wish['state'] })}>
          {STATES.map((state) => (
            <option value={state}>{state ? t(`state_${state}`) : t('all')}</option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t('wearer')}</span>
        <select data-testid="devices-worn" value={wish.worn} onChange={(event) => change({ worn: event.currentTarget.value as Wish['worn'] })}>
          <option value="">{t('all')}</option>
          <option value="true">{t('worn')}</option>
          <option value="false">{t('free')}</option>
        </select>
      </label>
      <label class="field">
        <span>{t('attention')}</span>
        <select data-testid="devices-attention" value={wish.attention} onChange={(event) => change({ attention: event.currentTarget.value as Wish['attention'] })}>
          <option value="">{t('all')}</option>
          {ATTENTION.map((each) => (
            <option key={each} value={each}>
              {t(`attention_${each}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
