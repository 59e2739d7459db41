// The doctor calls: full screen, sound, vibration, one big button.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { now } from '../shared/clock'
import { enableSound, soundBlocked } from '../shared/sound'
import { Speaker } from '../shared/ui/Speaker'
import type { MyTicket } from '../shared/wire'
import { problemText } from '../shared/words'
import { open } from './media'
import { useRing } from './ring'
import { ticket, visitHere } from './state'
import { t } from './words'

export function Ringing({ mine }: { mine: MyTicket }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  useRing(!busy)
  const seconds = Math.max(0, Math.ceil((new Date(mine.visit?.ring_until ?? 0).getTime() - now.value) / 1000))
  const answer = async (): Promise<void> => {
    setBusy(true)
    const camera = open() // within the tap, as browsers want it
    visitHere.value = mine.visit?.id ?? null // before the live ticket says so too
    try {
      const { visit_id } = await post<{ visit_id: string }>('/ticket/answer')
      visitHere.value = visit_id // of a call that came while this one was answered
      await camera
      const visit = { id: visit_id, state: 'in_visit' as const, ring_until: mine.visit?.ring_until ?? '' }
      ticket.value = { ...mine, state: 'in_visit', visit }
    } catch (error) {
      visitHere.value = null
      setProblem(toProblem(error))
      setBusy(false)
    }
  }
  return (
    <section class="ringing" role="alertdialog" aria-labelledby="ringing-title" data-testid="ringing">
      <p class="visually-hidden" role="alert">
        {t('called', mine.doctor.name)}
      </p>
      <div class="bell" aria-hidden="true">
        ☎
      </div>
      <h1 id="ringing-title">{t('ringing', mine.doctor.name)}</h1>
      <p class="num">{t('answerWithin', seconds)}</p>
      <button class="answer" data-testid="answer" disabled={busy} onClick={() => void answer()}>
        {busy ? t('connecting') : t('answer')}
      </button>
      {problem && <p role="alert">{problemText(problem)}</p>}
      {soundBlocked.value && (
        <button class="quiet" data-testid="sound-blocked" onClick={enableSound}>
          <Speaker off /> {t('soundBlocked')}
        </button>
      )}
    </section>
  )
}
