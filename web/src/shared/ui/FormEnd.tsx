// The end of a form: what the server refused, the way back, and the button that sends it.
import type { Problem } from '../api'
import { Refusal } from './Refusal'

interface FormEndProps {
  problem: Problem | null
  busy: boolean
  back: () => void
  backText: string
  sendText: string
  testid: string
  ready?: boolean
  tone?: 'primary' | 'danger'
}

export function FormEnd({ problem, busy, back, backText, sendText, testid, ready = true, tone = 'primary' }: FormEndProps) {
  return (
    <>
      <Refusal problem={problem} />
      <div class="actions">
        <button type="button" onClick={back}>
          {backText}
        </button>
        <button class={tone} data-testid={testid} disabled={busy || !ready}>
          {sendText}
        </button>
      </div>
    </>
  )
}
