// The state of the session and what its doctors can do with it: open, pause with a message, go on, join, leave, close.
import { useState } from 'preact/hooks'
import { post, Problem } from '../../shared/api'
import { Refusal } from '../../shared/ui/Refusal'
import { useAct, type Act } from '../../shared/ui/useAct'
import type { Session } from '../../shared/wire'
import { StepUpDialog } from '../../shared/step-up/StepUpDialog'
import { loadSessions, type Desk } from '../state'
import { t } from '../words'
import { SuspendDialog } from './SuspendDialog'

type Deed = 'open' | 'resume' | 'join' | 'leave' | 'close'
type Asking = 'suspend' | 'step-up' | null

/** What is offered, in this order; joining is for a doctor who does not serve the line yet. */
function deeds(session: Session, me: string): (Deed | 'suspend')[] {
  const serves = session.doctors.some((doctor) => doctor.id === me)
  const owns = session.doctor.id === me
  if (!serves) return session.state === 'closed' ? [] : ['join']
  const found: (Deed | 'suspend')[] = []
  if (session.state === 'planned' || session.state === 'closed') found.push('open')
  if (session.state === 'open') found.push('suspend')
  if (session.state === 'suspended') found.push('resume')
  if (!owns) found.push('leave')
  if (owns && (session.state === 'open' || session.state === 'suspended')) found.push('close')
  return found
}

function Serving({ session }: { session: Session }) {
  if (session.doctors.length < 2) return null
  return (
    <p class="serving small soft" data-testid="serving">
      {t('serving', session.doctors.map((doctor) => doctor.name).join(t('comma')))}
    </p>
  )
}

function Pause({ session }: { session: Session }) {
  if (session.state !== 'suspended') return null
  return (
    <p class="message small" data-testid="session-message">
      {session.message ? t('suspendedWith', session.message) : t('suspendedSilent')}
    </p>
  )
}

/** Does it; where the server wants a fresh second factor, asks for that and does it again. */
async function change(act: Act, session: Session, deed: Deed, stepUp: () => void): Promise<void> {
  await act.run(async () => {
    try {
      await post(`/sessions/${session.id}/${deed}`)
      await loadSessions()
    } catch (error) {
      if (!(error instanceof Problem) || error.slug !== 'step-up-needed') throw error
      stepUp()
    }
  })
}

const QUIET: readonly string[] = ['close', 'leave', 'suspend']

export function SessionBar({ desk, session }: { desk: Desk; session: Session }) {
  const [asking, setAsking] = useState<Asking>(null)
  const [wanted, setWanted] = useState<Deed>('open')
  const act = useAct()
  const take = (deed: Deed | 'suspend'): void => {
    if (deed === 'suspend') return setAsking('suspend')
    setWanted(deed)
    void change(act, session, deed, () => setAsking('step-up'))
  }
  const again = (): void => {
    setAsking(null)
    void change(act, session, wanted, () => setAsking('step-up'))
  }
  const close = (): void => setAsking(null)
  return (
    <div class="session-bar">
      <div class="session-state">
        <span class={session.state === 'open' ? 'tag ok' : 'tag warn'} data-testid="session-state">
          {t(`session_${session.state}`)}
        </span>
        <span class="spring" />
        {desk.me.role === 'doctor' &&
          deeds(session, desk.me.id).map((deed) => (
            <button key={deed} class={QUIET.includes(deed) ? 'quiet' : 'primary'} data-testid={`${deed}-session`} disabled={act.busy} onClick={() => take(deed)}>
              {t(`do_${deed}`)}
            </button>
          ))}
      </div>
      <Serving session={session} />
      <Pause session={session} />
      <Refusal problem={act.problem} />
      {asking === 'suspend' && <SuspendDialog session={session} close={close} />}
      {asking === 'step-up' && <StepUpDialog done={again} close={close} />}
    </div>
  )
}
