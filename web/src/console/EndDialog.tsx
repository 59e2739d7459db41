// Ends the visit with an outcome; the note is saved first.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { Dialog } from '../shared/ui/Dialog'
import type { Outcome, Visit } from '../shared/wire'
import { problemText } from '../shared/words'
import type { NoteDraft } from './note'
import { t } from './words'

const OUTCOMES: readonly Outcome[] = ['completed', 'patient_absent', 'doctor_absent', 'technical_failure', 'unfit_for_online_care']

export function EndDialog({ visit, draft, close }: { visit: Visit; draft: NoteDraft; close: () => void }) {
  const [outcome, setOutcome] = useState<Outcome>(visit.state === 'called' ? 'patient_absent' : 'completed')
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const end = async (): Promise<void> => {
    setBusy(true)
    try {
      await draft.save()
      await post<Visit>(`/visits/${visit.id}/end`, { outcome })
      close()
    } catch (error) {
      setProblem(toProblem(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('endTitle', visit.serial, visit.patient.name)} close={close} testid="end-dialog">
      <fieldset class="choices">
        <legend>{t('outcome')}</legend>
        {OUTCOMES.map((each) => (
          <label>
            <input type="radio" name="outcome" value={each} data-testid={`outcome-${each}`} checked={each === outcome} onChange={() => setOutcome(each)} />
            {t(`outcome_${each}`)}
          </label>
        ))}
      </fieldset>
      {(draft.state.value === 'conflict' || draft.state.value === 'failed') && <p class="wrong">{t('noteNotSaved')}</p>}
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
      <div class="actions">
        <button onClick={close}>{t('cancel')}</button>
        <button class="danger" data-testid="end-confirm" disabled={busy} onClick={() => void end()}>
          {t('endVisit')}
        </button>
      </div>
    </Dialog>
  )
}
