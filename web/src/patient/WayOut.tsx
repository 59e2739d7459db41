// The ways out of an appointment: another time, cancelling it, taking the consent back. Each says first what it costs.
import { post } from '../shared/api'
import type { MyTicket } from '../shared/wire'
import { Move } from './move/Move'
import { Question } from './Question'
import { ticket } from './state'
import { t } from './words'

async function cancel(): Promise<void> {
  ticket.value = await post<MyTicket>('/ticket/cancel')
}

async function withdraw(): Promise<void> {
  ticket.value = await post<MyTicket>('/ticket/consent/withdraw')
}

export function WayOut({ mine }: { mine: MyTicket }) {
  return (
    <section class="way-out" aria-label={t('wayOut')}>
      {mine.can_move && <Move mine={mine} />}
      {mine.can_cancel && (
        <Question testid="cancel" open={t('cancelOwn')} question={t('cancelQuestion')} means={t('cancelMeans', mine.serial)} yes={t('cancelYes')} no={t('cancelNo')} act={cancel} />
      )}
      {mine.consented && (
        <Question testid="withdraw" open={t('withdraw')} question={t('withdrawQuestion')} means={t('withdrawMeans')} yes={t('withdrawYes')} no={t('withdrawNo')} act={withdraw} />
      )}
    </section>
  )
}
