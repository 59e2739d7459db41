// What the patient comes with, in a few words; the doctor reads it before the call.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { problemText } from '../shared/words'
import type { MyTicket } from '../shared/wire'
import { ticket } from './state'
import { t } from './words'

const LONGEST = 500

export function Complaint({ mine }: { mine: MyTicket }) {
  const [saved, setSaved] = useState(mine.complaint ?? '')
  const [text, setText] = useState(saved)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    const told = text.trim()
    setBusy(true)
    setProblem(null)
    try {
      ticket.value = await post<MyTicket>('/ticket/complaint', { text: told })
      setSaved(told)
    } catch (error) {
      setProblem(toProblem(error))
    }
    setBusy(false)
  }
  const changed = text.trim() !== saved
  return (
    <form class="complaint" onSubmit={(event) => void send(event)}>
      <label class="field">
        <span>{t('complaint')}</span>
        <textarea data-testid="complaint" rows={3} maxLength={LONGEST} value={text} placeholder={t('complaintExample')} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
      <p class="saved" role="status" data-testid="complaint-saved" hidden={changed || !saved}>
        ✓ {t('complaintSaved')}
      </p>
      {changed && text.trim() && (
        <button class="second" data-testid="complaint-send" disabled={busy}>
          {t('complaintSend')}
        </button>
      )}
    </form>
  )
}
