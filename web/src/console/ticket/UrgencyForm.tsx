// The class of urgency: a class goes wholly before the next one.
import { useState } from 'preact/hooks'
import { post } from '../../shared/api'
import type { TicketRow, Urgency } from '../../shared/wire'
import { t } from '../words'
import { ReasonForm } from './ReasonForm'

const CLASSES: readonly Urgency[] = [0, 1, 2]

export function UrgencyForm({ row, back, done }: { row: TicketRow; back: () => void; done: () => void }) {
  const [urgency, setUrgency] = useState<Urgency>(row.urgency)
  const act = (reason: string): Promise<unknown> => post(`/tickets/${row.id}/urgency`, { urgency, reason })
  return (
    <ReasonForm title={t('act_urgency')} means={t('act_urgency_means')} back={back} act={act} done={done} ready={urgency !== row.urgency}>
      <fieldset class="choices">
        <legend>{t('urgency')}</legend>
        {CLASSES.map((each) => (
          <label>
            <input type="radio" name="urgency" data-testid={`urgency-${each}`} checked={each === urgency} onChange={() => setUrgency(each)} />
            {t(`urgency_${each}`)}
          </label>
        ))}
      </fieldset>
    </ReasonForm>
  )
}
