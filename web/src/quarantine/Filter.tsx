// What is looked for: state, device, reason, how far back.
import type { ComponentChildren } from 'preact'
import { REASONS, type Wish } from './choose'
import { t } from './words'
import { reasonText } from './reasons'

const STATES = ['open', 'replayed', 'dismissed', 'all'] as const
const HOURS = [0, 1, 24, 168] as const

interface Props {
  wish: Wish
  change: (wish: Wish) => void
}

function Select({ label, testid, value, choose, children }: { label: string; testid: string; value: string; choose: (value: string) => void; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select data-testid={testid} value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {children}
      </select>
    </label>
  )
}

export function Filter({ wish, change }: Props) {
  return (
    <div class="form-grid">
      <Select label={t('state')} testid="quarantine-state" value={wish.state} choose={(state) => change({ ...wish, state: state as Wish['state'] })}>
        {STATES.map((state) => (
          <option value={state}>{t(`state_${state}`)}</option>
        ))}
      </Select>
      <label class="field">
        <span>{t('device')}</span>
        <input type="search" data-testid="quarantine-device" value={wish.device} maxLength={64} onChange={(event) => change({ ...wish, device: event.currentTarget.value })} />
      </label>
      <Select label={t('reason')} testid="quarantine-reason" value={wish.reason} choose={(reason) => change({ ...wish, reason })}>
        <option value="">{t('anyReason')}</option>
        {REASONS.map((reason) => (
          <option value={reason}>{reasonText(reason)}</option>
        ))}
      </Select>
      <Select label={t('time')} testid="quarantine-time" value={String(wish.hours)} choose={(hours) => change({ ...wish, hours: Number(hours) })}>
        {HOURS.map((hours) => (
          <option value={String(hours)}>{t(`hours_${hours}`)}</option>
        ))}
      </Select>
    </div>
  )
}
