// In place of what was asked for: that it is on its way, or why it does not come and a way to ask again.
import type { Problem } from '../../shared/api'
import { problemText } from '../../shared/words'
import { t } from '../words'

/** Null while the server is asked. */
export type Answer<Found> = Found | { problem: Problem } | null

export function NotYet({ answer, again }: { answer: Answer<object>; again: () => void }) {
  if (answer === null) return <p class="history-empty loading">{t('loading')}</p>
  if (!('problem' in answer)) return null
  return (
    <div class="history-empty stack" role="alert">
      <p class="wrong">{problemText(answer.problem as Problem)}</p>
      <button class="primary" onClick={again}>
        {t('retry')}
      </button>
    </div>
  )
}
