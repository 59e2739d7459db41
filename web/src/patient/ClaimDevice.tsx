// A device that the patient was given: the code that stands on it is typed here, so that nobody leaves the waiting room.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { problemText } from '../shared/words'
import { t } from './words'

const LONGEST = 16

export function ClaimDevice() {
  const [code, setCode] = useState('')
  const [claimed, setClaimed] = useState<string | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      setClaimed((await post<{ label: string }>('/ticket/devices', { code: code.trim() })).label)
      setCode('')
    } catch (error) {
      setProblem(toProblem(error))
    }
    setBusy(false)
  }
  return (
    <details class="card claim-device" data-testid="claim-device">
      <summary>{t('claimDevice')}</summary>
      <form class="complaint" onSubmit={(event) => void send(event)}>
        <label class="field">
          <span>{t('claimCode')}</span>
          <input required class="claim-code" data-testid="claim-code" maxLength={LONGEST} autocomplete="off" autocapitalize="characters" spellcheck={false} value={code} onInput={(event) => setCode(event.currentTarget.value)} />
        </label>
        <p>{t('claimOwn')}</p>
        {problem && (
          <p class="wrong" role="alert" data-testid="claim-refused">
            {problemText(problem)}
          </p>
        )}
        <p class="saved" role="status" data-testid="claim-done" hidden={!claimed}>
          ✓ {t('claimDone', claimed ?? '')}
        </p>
        <button class="second" data-testid="claim-send" disabled={busy || !code.trim()}>
          {t('claimSend')}
        </button>
      </form>
    </details>
  )
}
