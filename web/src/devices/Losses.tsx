// What was lost on the way: by a broker that had no room, and by devices that could not keep what they had measured.
import { usePolled } from '../shared/polled'
import { dayAndTime } from '../shared/time'
import { Refusal } from '../shared/ui/Refusal'
import type { BrokerDrops, DeviceGap } from '../shared/wire'
import { t } from './words'

const EVERY_MS = 30_000

function Drops({ drops }: { drops: readonly BrokerDrops[] }) {
  return (
    <section class="stack" aria-label={t('drops')}>
      <h2>{t('drops')}</h2>
      <p class="small soft">{t('dropsMean')}</p>
      {!drops.length && <p data-testid="no-drops">{t('noDrops')}</p>}
      <ul class="losses" data-testid="drops">
        {drops.map((one) => (
          <li key={one.id}>
            <b>{one.broker === 'embedded' ? t('ownBroker') : one.broker}</b> <span>{t('messages', one.number)}</span>{' '}
            <span class="soft num">{one.ended_at ? t('fromTo', dayAndTime(one.raised_at), dayAndTime(one.last_at)) : t('since', dayAndTime(one.raised_at))}</span>{' '}
            {!one.ended_at && <span class="tag warn">{t('goesOn')}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Gaps({ gaps, open }: { gaps: readonly DeviceGap[]; open: (id: string) => void }) {
  return (
    <section class="stack" aria-label={t('gaps')}>
      <h2>{t('gaps')}</h2>
      <p class="small soft">{t('gapsMean')}</p>
      {!gaps.length && <p data-testid="no-gaps">{t('noGaps')}</p>}
      <ul class="losses" data-testid="gaps">
        {gaps.map((one) => (
          <li key={`${one.device_id} ${one.first} ${one.at}`}>
            <button onClick={() => open(one.device_id)}>
              {one.label}
            </button>{' '}
            <span>{t('messages', one.number)}</span> <span class="soft num">{t('numbers', one.first, one.last)}</span> <time class="soft num">{dayAndTime(one.at)}</time>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function Losses({ open }: { open: (id: string) => void }) {
  const drops = usePolled<BrokerDrops[]>('/broker/drops', EVERY_MS)
  const gaps = usePolled<DeviceGap[]>('/broker/gaps', EVERY_MS)
  const going = drops.value?.some((one) => !one.ended_at) ?? false
  const look = (opened: boolean): void => {
    if (!opened) return
    drops.again()
    gaps.again()
  }
  return (
    <details class="card stack losses-card" data-testid="losses" data-going={going} onToggle={(event) => look(event.currentTarget.open)}>
      <summary>
        {t('losses')} {drops.value && gaps.value && <span class={going ? 'tag warn' : 'soft'}>{drops.value.length + gaps.value.length}</span>}
      </summary>
      <Refusal problem={drops.problem ?? gaps.problem} />
      {drops.value && <Drops drops={drops.value} />}
      {gaps.value && <Gaps gaps={gaps.value} open={open} />}
    </details>
  )
}
