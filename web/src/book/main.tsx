// Public booking without an account: department → doctor → session → person → number. The link goes by SMS alone.
import { useEffect, useRef } from 'preact/hooks'
import { loadHospital } from '../shared/staff'
import { clockTime, dayLong } from '../shared/time'
import { LanguageSwitch } from '../shared/ui/Language'
import { mount } from '../shared/ui/mount'
import './book.css'
import { Departments, Doctors, Sessions } from './Choose'
import { BookedPage, Listed } from './Done'
import { OfferPage } from './OfferPage'
import { PersonForm } from './PersonForm'
import { departmentName } from '../shared/department'
import { back, doctorTitle, hospital, step, takeOffer, type Step } from './state'
import { t } from './words'

const STEPS = ['department', 'doctor', 'session', 'person'] as const

function Progress({ at }: { at: Step['at'] }) {
  const place = STEPS.indexOf(at as (typeof STEPS)[number])
  if (place < 0) return null
  return <p class="soft small">{t('stepOf', place + 1, STEPS.length)}</p>
}

function Chosen({ now }: { now: Step }) {
  if (!('department' in now)) return null
  const parts = [departmentName(now.department)]
  if (now.at !== 'doctor') parts.push(`${now.doctor.name} ${doctorTitle(now.doctor)}`)
  if (now.at === 'person') parts.push(`${dayLong(now.session.opens_at)} ${clockTime(now.session.opens_at)}`)
  return <p class="chosen">{parts.join(' · ')}</p>
}

function Body({ now }: { now: Step }) {
  switch (now.at) {
    case 'department':
      return <Departments />
    case 'doctor':
      return <Doctors department={now.department} />
    case 'session':
      return <Sessions department={now.department} doctor={now.doctor} />
    case 'person':
      return <PersonForm doctor={now.doctor} session={now.session} />
    case 'booked':
      return <BookedPage booked={now.booked} phone={now.phone} />
    case 'listed':
      return <Listed hours={now.hours} doctor={now.doctor} phone={now.phone} />
    case 'offer':
      return <OfferPage token={now.token} />
  }
}

/** The heading takes the focus at each new step, so that a screen reader begins there. */
function useHeadingFocus(at: Step['at']) {
  const heading = useRef<HTMLHeadingElement>(null)
  const first = useRef(true)
  useEffect(() => {
    if (!first.current) heading.current?.focus()
    first.current = false
    scrollTo(0, 0)
  }, [at])
  return heading
}

function BookPage() {
  useEffect(() => void loadHospital().then((found) => (hospital.value = found), () => undefined), [])
  const now = step.value
  const heading = useHeadingFocus(now.at)
  const phone = hospital.value?.telephone
  return (
    <div class="book-page">
      <header>
        <b>{hospital.value?.name ?? 'Bedside'}</b>
        <LanguageSwitch />
      </header>
      <main class="card" data-testid={`step-${now.at}`}>
        <Progress at={now.at} />
        <h1 ref={heading} tabIndex={-1}>
          {t(`step_${now.at}`)}
        </h1>
        <Chosen now={now} />
        {now.at === 'department' && <p class="message emergency">{t('emergency')}</p>}
        <Body now={now} />
        {'department' in now && (
          <button class="quiet" data-testid="back" onClick={back}>
            ← {t('back')}
          </button>
        )}
      </main>
      {phone && (
        <footer>
          <a href={`tel:${phone}`}>{t('helpCall', phone)}</a>
        </footer>
      )}
    </div>
  )
}

takeOffer()
mount(BookPage, () => t('title'))
