// The middle: nobody, ringing, face to face, missed or over – with the note below for as long as there is a visit.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { clockTime } from '../shared/time'
import type { Topic } from '../shared/live/topic'
import type { Visit } from '../shared/wire'
import { problemText } from '../shared/words'
import { Care } from './Care'
import { EndDialog } from './EndDialog'
import { NoteDraft } from './note'
import { NoteEditor } from './NoteEditor'
import { useRoom } from './room'
import { Stage } from './Stage'
import { sessionId, sessions, tab, visitId, type Desk } from './state'
import { t } from './words'

function Empty() {
  const session = sessions.value.find((each) => each.id === sessionId.value)
  const open = session === undefined || session.state === 'open'
  return (
    <div class="stage empty" data-testid="stage-empty">
      <div class="stage-text">
        <h2>{t('noVisit')}</h2>
        <p>{t(open ? 'noVisitHint' : 'noVisitClosedHint')}</p>
      </div>
    </div>
  )
}

function Identity({ visit }: { visit: Visit }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const confirm = (): void => {
    setProblem(null)
    post(`/visits/${visit.id}/confirm-identity`).catch((error: unknown) => setProblem(toProblem(error)))
  }
  if (visit.identity_confirmed_at) {
    return (
      <span class="tag ok" data-testid="identity-confirmed">
        ✓ {t('identityConfirmed', visit.identity_confirmed_by ?? '', clockTime(visit.identity_confirmed_at))}
      </span>
    )
  }
  if (visit.state !== 'in_visit') return null
  return (
    <>
      <button data-testid="identity-confirm" onClick={confirm}>
        {t('confirmIdentity')}
      </button>
      {problem && <span class="wrong">{problemText(problem)}</span>}
    </>
  )
}

function Over({ visit }: { visit: Visit }) {
  const done = (): void => {
    visitId.value = null
    tab.value = 'line'
  }
  return (
    <div class="stage empty" data-testid="visit-over">
      <div class="stage-text">
        <h2>{visit.state === 'missed' ? t('visitMissed', visit.serial) : t('visitEnded', visit.serial)}</h2>
        <p>{visit.state === 'missed' ? t('visitMissedHint', clockTime(visit.ring_until)) : visit.outcome && t(`outcome_${visit.outcome}`)}</p>
        <button data-testid="visit-done" onClick={done}>
          {t('backToLine')}
        </button>
      </div>
    </div>
  )
}

function OpenVisit({ desk, visit }: { desk: Desk; visit: Visit }) {
  const [ending, setEnding] = useState(false)
  const draft = useMemo(() => new NoteDraft(visit.id, visit.note), [visit.id])
  useEffect(() => {
    const leave = (): void => draft.saveOnLeaving()
    addEventListener('pagehide', leave)
    return () => {
      removeEventListener('pagehide', leave)
      void draft.save()
    }
  }, [draft])
  const open = visit.state === 'called' || visit.state === 'in_visit'
  useRoom(desk.live, open ? visit.id : null)
  return (
    <>
      {open ? <Stage visit={visit} end={() => setEnding(true)} /> : <Over visit={visit} />}
      <div class="visit-bar">
        <span>
          <b class="num">{t('number', visit.serial)}</b> {visit.patient.name}, {t('ageAndSex', visit.patient.age, visit.patient.sex)} · {t('born', visit.patient.birth_date)}
        </span>
        <span class="spring" />
        <Identity visit={visit} />
      </div>
      <Care visit={visit} />
      <NoteEditor draft={draft} />
      {ending && <EndDialog visit={visit} draft={draft} close={() => setEnding(false)} />}
    </>
  )
}

export function VisitPanel({ desk, visit, topic }: { desk: Desk; visit: Visit | null; topic: Topic | null }) {
  const refused = topic?.problem.value
  return (
    <section class="room" aria-label={t('tab_visit')}>
      {refused && <p class="message bad">{problemText(refused)}</p>}
      {visit ? <OpenVisit key={visit.id} desk={desk} visit={visit} /> : topic && !refused ? <p class="loading">{t('loading')}</p> : <Empty />}
    </section>
  )
}
