// One delivery: to whom, what, its state; the link as text that can be copied.
import { dayAndTime, exactTime } from '../shared/time'
import { Copy } from '../shared/ui/Copy'
import type { Delivery } from '../shared/wire'
import { splitLink } from './choose'
import { t } from './words'
import { en } from './words/en'

const CHIP = { queued: 'tag warn', sent: 'tag', delivered: 'tag ok', failed: 'tag bad', expired: 'tag', over_budget: 'tag bad' } as const

function templateText(template: string): string {
  const key = `template_${template}`
  return key in en ? t(key as 'template_booked') : template
}

export function Row({ delivery }: { delivery: Delivery }) {
  const { before, link, after } = splitLink(delivery.body)
  return (
    <li class="delivery" data-testid="delivery" data-template={delivery.template} data-state={delivery.state}>
      <div class="delivery-top">
        <b>{templateText(delivery.template)}</b>
        {delivery.urgent && <span class="tag bad">▲ {t('urgent')}</span>}
        <span class="num" data-testid="delivery-address">
          {delivery.channel.toUpperCase()} {delivery.address}
        </span>
        <span class="spring" />
        <time class="num soft" dateTime={delivery.created_at}>
          {dayAndTime(delivery.created_at)}
        </time>
        <span class={CHIP[delivery.state]} data-testid="delivery-state">
          {t(`state_${delivery.state}`)}
        </span>
      </div>
      <p class="body" data-testid="delivery-body">
        {delivery.body ? before : <span class="soft">{t('findings')}</span>}
        {link && <code data-testid="delivery-link">{link}</code>}
        {after}
      </p>
      <div class="delivery-top small soft">
        {delivery.sent_at && <span class="num">{t('sentAt', exactTime(delivery.sent_at))}</span>}
        {delivery.receipt && <span class="num">{t('receiptAt', exactTime(delivery.receipt))}</span>}
        <span>{t('attempts', delivery.attempts)}</span>
        {delivery.parts !== null && <span>{t('parts', delivery.parts)}</span>}
        {delivery.error && <span class="wrong">{delivery.error}</span>}
        <span class="spring" />
        {link && <Copy text={link} label={t('copyLink')} testid="copy-link" />}
      </div>
    </li>
  )
}
