// A link that is lost is asked for again by telephone number; the answer is the same whether or not it is known.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { problemText } from '../shared/words'
import { t } from './words'

export function Recover() {
  const [phone, setPhone] = useState('')
  const [problem, setProblem] = useState<Problem | null>(null)
  const [state, setState] = useState<'asking' | 'busy' | 'asked'>('asking')
  const ask = (event: SubmitEvent): void => {
    event.preventDefault()
    setState('busy')
    setProblem(null)
    post('/join/recover', { phone: phone.trim() }).then(
      () => setState('asked'),
      (error: unknown) => {
        setProblem(toProblem(error))
        setState('asking')
      },
    )
  }
  if (state === 'asked') {
    return (
      <p class="message ok" role="status" data-testid="recover-asked">
        {t('recoverAsked')}
      </p>
    )
  }
  return (
    <form class="recover" onSubmit={ask} data-testid="recover">
      <label class="field">
        <span>{t('recoverPhone')}</span>
        <input data-testid="recover-phone" type="tel" required maxLength={64} autocomplete="tel" value={phone} onInput={(event) => setPhone(event.currentTarget.value)} />
      </label>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
      <button class="second" data-testid="recover-send" disabled={state === 'busy' || !phone.trim()}>
        {t('recoverSend')}
      </button>
    </form>
  )
}
