// A new join link: the old one dies, the new one goes by SMS.
import { useState } from 'preact/hooks'
import { post } from '../../shared/api'
import { Refusal } from '../../shared/ui/Refusal'
import { useAct } from '../../shared/ui/useAct'
import type { TicketRow } from '../../shared/wire'
import { t } from '../words'

export function LinkForm({ row, back, done }: { row: TicketRow; back: () => void; done: () => void }) {
  const [sent, setSent] = useState(false)
  const { busy, problem, run } = useAct()
  const send = (): void => void run(() => post(`/tickets/${row.id}/link`)).then(setSent)
  return (
    <div class="stack">
      <h3>{t('act_link')}</h3>
      {sent ? <p role="status">{t('newLinkSent')}</p> : <p>{t('newLinkMeans')}</p>}
      <Refusal problem={problem} />
      <div class="actions">
        <button onClick={sent ? done : back}>{sent ? t('close') : t('back')}</button>
        {!sent && (
          <button class="primary" data-testid="link-send" disabled={busy} onClick={send}>
            {t('newLinkSend')}
          </button>
        )}
      </div>
    </div>
  )
}
