// Another time: the sessions that have a place, then plainly what becomes of the number, then yes or no.
import { useEffect, useRef, useState } from 'preact/hooks'
import { toProblem, type Problem } from '../../shared/api'
import { byDay } from '../../shared/days'
import { clockTime, dayAndTime, dayOnly, timeZone } from '../../shared/time'
import { problemText } from '../../shared/words'
import type { MoveTarget, MyTicket } from '../../shared/wire'
import { Asked } from '../Question'
import { t } from '../words'
import { move, targets } from './move'

function Choices({ all, choose }: { all: readonly MoveTarget[]; choose: (to: MoveTarget) => void }) {
  if (!all.length) return <p data-testid="move-none">{t('moveNone')}</p>
  return (
    <>
      {byDay(all, timeZone.value).map(({ day, sessions }) => (
        <div key={day}>
          <h4>{dayOnly(day)}</h4>
          {sessions.map((session) => (
            <button key={session.id} class="move-to" data-testid="move-to" onClick={() => choose(session)}>
              <b class="num">
                {clockTime(session.opens_at)}–{clockTime(session.closes_at)}
              </b>{' '}
              {t('doctor', session.doctor.name)}
            </button>
          ))}
        </div>
      ))}
    </>
  )
}

function Choosing({ choose, back }: { choose: (to: MoveTarget) => void; back: () => void }) {
  const [all, setAll] = useState<MoveTarget[] | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus()
    targets().then(setAll, (error: unknown) => setProblem(toProblem(error)))
  }, [])
  return (
    <section class="question plain" aria-label={t('moveWhen')} data-testid="move-choices">
      <h3 ref={heading} tabIndex={-1}>
        {t('moveWhen')}
      </h3>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
      {!all && !problem && <p>{t('loading')}</p>}
      {all && <Choices all={all} choose={choose} />}
      <button class="second" data-testid="move-back" onClick={back}>
        {t('moveNo')}
      </button>
    </section>
  )
}

export function Move({ mine }: { mine: MyTicket }) {
  const [at, setAt] = useState<'closed' | 'choosing' | MoveTarget>('closed')
  const opener = useRef<HTMLButtonElement>(null)
  const back = (): void => {
    setAt('closed')
    setTimeout(() => opener.current?.focus())
  }
  if (at === 'choosing') return <Choosing choose={setAt} back={back} />
  if (at !== 'closed') {
    const when = dayAndTime(at.opens_at)
    return (
      <Asked testid="move" question={t('moveQuestion', when)} means={t('moveMeans', mine.serial, when)} yes={t('moveYes')} no={t('moveNo')} act={() => move(mine, at)} back={back} />
    )
  }
  return (
    <button ref={opener} class="quiet undo" data-testid="move" onClick={() => setAt('choosing')}>
      {t('move')}
    </button>
  )
}
