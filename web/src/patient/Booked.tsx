// An appointment that nobody has checked in with yet: when it is, its number, getting ready, and checking in once it is near.
import { useState } from 'preact/hooks'
import { get, post, toProblem, type Problem } from '../shared/api'
import { now } from '../shared/clock'
import { PushButton } from '../shared/push/PushButton'
import { clockTime, dayLong } from '../shared/time'
import { problemText } from '../shared/words'
import type { MyTicket } from '../shared/wire'
import { Expect } from './Expect'
import { ForTheDoctor } from './ForTheDoctor'
import { justMoved } from './move/move'
import { OtherBrowser } from './OtherBrowser'
import { ticket } from './state'
import { DeviceTest } from './test/DeviceTest'
import { WayOut } from './WayOut'
import { t } from './words'

function CheckIn() {
  const [problem, setProblem] = useState<Problem | null>(null)
  const arrive = async (): Promise<void> => {
    try {
      await post('/ticket/arrive')
      ticket.value = await get<MyTicket>('/ticket')
    } catch (error) {
      setProblem(toProblem(error))
    }
  }
  return (
    <>
      {problem && (
        <p class="wrong" role="alert">
          {problemText(problem)}
        </p>
      )}
      <button class="primary" data-testid="check-in" onClick={() => void arrive()}>
        {t('checkIn')}
      </button>
    </>
  )
}

function Moved({ mine }: { mine: MyTicket }) {
  const numbers = justMoved(mine)
  if (!numbers) return null
  return (
    <p class="message ok" role="status" data-testid="moved">
      {t('movedTo', numbers.old, numbers.fresh)}
    </p>
  )
}

export function Booked({ mine }: { mine: MyTicket }) {
  const from = mine.check_in_from === null ? 0 : new Date(mine.check_in_from).getTime()
  return (
    <div data-testid="booked-ahead">
      <section class="card first" aria-label={t('yourAppointment')}>
        <h1>{t('yourAppointment')}</h1>
        <p class="when">
          {dayLong(mine.session.opens_at)}
          <br />
          <b class="num">
            {clockTime(mine.session.opens_at)}–{clockTime(mine.session.closes_at)}
          </b>
          <br />
          {t('doctor', mine.doctor.name)}
        </p>
        <p class="soft">{t('yourNumber')}</p>
        <p class="number num" data-testid="serial">
          {mine.serial}
        </p>
        {now.value >= from ? <CheckIn /> : <p data-testid="check-in-later">{t('checkInLater', clockTime(from))}</p>}
        <a class="to-calendar" href="/api/v1/ticket/calendar.ics" data-testid="calendar">
          {t('calendar')}
        </a>
      </section>
      <Moved mine={mine} />
      <PushButton path="/ticket/push" who={mine.id} />
      <OtherBrowser />
      <DeviceTest />
      <ForTheDoctor mine={mine} />
      <Expect />
      <WayOut mine={mine} />
    </div>
  )
}
