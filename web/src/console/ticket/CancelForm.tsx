// Gives a number up, with who wished it; what becomes of the number is said before.
import { useState } from 'preact/hooks'
import { post } from '../../shared/api'
import { Refusal } from '../../shared/ui/Refusal'
import { useAct } from '../../shared/ui/useAct'
import type { Cause, TicketRow } from '../../shared/wire'
import { t } from '../words'

const CAUSES: readonly Cause[] = ['by_patient', 'by_clinic', 'doctor_absent', 'unfit_for_online_care']

export function CancelForm({ row, back, done }: { row: TicketRow; back: () => void; done: () => void }) {
  const [cause, setCause] = useState<Cause>('by_patient')
  const { busy, problem, run } = useAct()
  const act = (): void => void run(() => post(`/tickets/${row.id}/cancel`, { cause })).then((did) => did && done())
  return (
    <div class="stack">
      <h3>{t('act_cancel')}</h3>
      <p>{t('cancelMeans', row.serial)}</p>
      <fieldset class="choices">
        <legend>{t('why')}</legend>
        {CAUSES.map((each) => (
          <label>
            <input type="radio" name="cause" data-testid={`cause-${each}`} checked={each === cause} onChange={() => setCause(each)} />
            {t(`cause_${each}`)}
          </label>
        ))}
      </fieldset>
      <Refusal problem={problem} />
      <div class="actions">
        <button onClick={back}>{t('back')}</button>
        <button class="danger" data-testid="cancel-confirm" disabled={busy} onClick={act}>
          {t('act_cancel')}
        </button>
      </div>
    </div>
  )
}
