// The waiting room: the place, what has happened to it, the doctor, the test, what the doctor should know – and the way out.
import { PushButton } from '../shared/push/PushButton'
import { clockTime } from '../shared/time'
import { Sound } from '../shared/ui/Sound'
import type { MyTicket } from '../shared/wire'
import { useAwake } from './awake'
import { ClaimDevice } from './ClaimDevice'
import { Expect } from './Expect'
import { ForTheDoctor } from './ForTheDoctor'
import { OtherBrowser } from './OtherBrowser'
import { Place } from './Place'
import { playRing } from './ring'
import { DeviceTest } from './test/DeviceTest'
import { WayOut } from './WayOut'
import { t } from './words'

const MOVED_BY = { technical_failure: 'putBackTechnical', doctor_absent: 'putBackDoctor', late: 'putBackLate' } as const

function BackInLine({ mine, rung }: { mine: MyTicket; rung: string | null }) {
  if (mine.cause && mine.cause in MOVED_BY) {
    return (
      <p class="message" role="status" data-testid="put-back" data-cause={mine.cause}>
        {t(MOVED_BY[mine.cause as keyof typeof MOVED_BY])}
      </p>
    )
  }
  if (!mine.missed) return null
  return (
    <p class="message" role="status" data-testid="missed">
      {rung ? t('missedAt', clockTime(rung)) : t('missed')} {t('missedKept', mine.ahead ?? 0)}
    </p>
  )
}

function Suspended({ mine }: { mine: MyTicket }) {
  if (!mine.suspended) return null
  return (
    <div class="message" role="status" data-testid="suspended">
      <b>{t('suspended')}</b>
      <p>{t('quoted', mine.suspended.message)}</p>
      <p>{t('suspendedKept')}</p>
    </div>
  )
}

function Doctor({ mine }: { mine: MyTicket }) {
  const words = { planned: 'doctorNotYet', open: 'doctorHere', suspended: 'doctorPauses', closed: 'doctorGone' } as const
  return (
    <section class="card doctor">
      <div>
        <b>{t('doctor', mine.doctor.name)}</b>
        <small>{mine.session.title}</small>
      </div>
      <span class={mine.session.state === 'open' ? 'tag ok' : 'tag'}>
        <i class={mine.session.state === 'open' ? 'dot on' : 'dot'} /> {t(words[mine.session.state])}
      </span>
    </section>
  )
}

export function Waiting({ mine, rung }: { mine: MyTicket; rung: string | null }) {
  useAwake()
  return (
    <div data-testid="waiting-room">
      <h1 class="visually-hidden">{t('yourAppointment')}</h1>
      <Place mine={mine} />
      <Suspended mine={mine} />
      <BackInLine mine={mine} rung={rung} />
      <Sound blocked={t('soundBlocked')} test={t('ringTest')} testid="ring-test" play={playRing} />
      <PushButton path="/ticket/push" who={mine.id} />
      <OtherBrowser />
      <DeviceTest />
      <ForTheDoctor mine={mine} />
      <ClaimDevice />
      <Doctor mine={mine} />
      <Expect />
      <WayOut mine={mine} />
    </div>
  )
}
