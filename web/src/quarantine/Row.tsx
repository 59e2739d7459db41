// One message that lies there: when, from which device, why, and what became of it.
import { dayAndTime } from '../shared/time'
import type { Quarantined } from '../shared/wire'
import { reasonText } from './reasons'
import { t } from './words'

const CHIP = { open: 'tag warn', replayed: 'tag ok', dismissed: 'tag' } as const

export function bytesText(count: number): string {
  return count < 10_240 ? `${count} B` : `${Math.round(count / 1024)} KiB`
}

export function StateTag({ message }: { message: Quarantined }) {
  return (
    <span class={CHIP[message.state]} data-testid="quarantine-row-state">
      {t(`state_${message.state}`)}
    </span>
  )
}

export function Row({ message, open }: { message: Quarantined; open: () => void }) {
  return (
    <li class="card held-row" data-testid="quarantine-row" data-reason={message.reason} data-state={message.state}>
      <div class="head">
        <b>{reasonText(message.reason)}</b>
        <StateTag message={message} />
        {message.taken > 0 && <span class="tag">{t('takenBeside', message.taken)}</span>}
        <span class="spring" />
        <time class="num soft" dateTime={message.received_at}>
          {dayAndTime(message.received_at)}
        </time>
      </div>
      <div class="head">
        <span class="detail">
          {message.device_id ? <b>{message.device_id}</b> : <span class="soft">{t('noDevice')}</span>} <bdi class="soft">{message.topic}</bdi>
          {message.detail && <bdi class="small soft block">{message.detail}</bdi>}
        </span>
        <span class="spring" />
        <span class="num soft">{bytesText(message.size)}</span>
        <button data-testid="quarantine-open" aria-label={t('openMessage', message.device_id ?? t('noDevice'), dayAndTime(message.received_at))} onClick={open}>
          {t('open')}
        </button>
      </div>
    </li>
  )
}
