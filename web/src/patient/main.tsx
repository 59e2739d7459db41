// The patient page: one place at a time, from the link to the thank-you.
import { useEffect } from 'preact/hooks'
import { enableSoundBy } from '../shared/sound'
import { LanguageSwitch } from '../shared/ui/Language'
import { mount } from '../shared/ui/mount'
import { problemText } from '../shared/words'
import { Birth } from './Birth'
import { LookPage } from './Look'
import { Recover } from './Recover'
import { flash } from './ring'
import { followLinks, followNotifications, hospital, place, start, type Place } from './state'
import './style/patient.css'
import { TicketPage } from './Ticket'
import { t } from './words'

function Closed({ why }: { why: 'missing' | 'dead' | 'locked' }) {
  const words = { missing: ['linkMissing', 'linkMissingHint'], dead: ['linkDead', 'linkDeadHint'], locked: ['linkLocked', 'linkLockedHint'] } as const
  const [title, hint] = words[why]
  return (
    <section class="card centre" data-testid={`link-${why}`}>
      <h1>{t(title)}</h1>
      <p>{t(hint)}</p>
      {why !== 'locked' && <Recover />}
      <Telephone />
    </section>
  )
}

function Telephone() {
  const phone = hospital.value?.telephone
  if (!phone) return null
  return (
    <a class="button" href={`tel:${phone}`} data-testid="hospital-telephone">
      ☎ {phone}
    </a>
  )
}

function Step({ now }: { now: Place }) {
  switch (now.at) {
    case 'loading':
      return <p class="card centre">{t('loading')}</p>
    case 'trouble':
      return (
        <section class="card centre" role="alert">
          <h1>{problemText(now.problem)}</h1>
          <button class="primary" onClick={() => void start()}>
            {t('retry')}
          </button>
        </section>
      )
    case 'closed':
      return <Closed why={now.why} />
    case 'look':
      return <LookPage look={now.look} />
    case 'birth':
      return <Birth look={now.look} />
    case 'ticket':
      return <TicketPage />
  }
}

function PatientPage() {
  useEffect(() => void start(), [])
  const phone = hospital.value?.telephone
  return (
    <div class="patient-page">
      <header class="top">
        <span>{hospital.value?.name ?? 'Bedside'}</span>
        <LanguageSwitch />
      </header>
      <main>
        <Step now={place.value} />
      </main>
      {phone && place.value.at !== 'closed' && (
        <footer>
          <a href={`tel:${phone}`}>{t('helpCall', phone)}</a>
        </footer>
      )}
    </div>
  )
}

enableSoundBy('pointerdown')
followNotifications()
followLinks()
mount(PatientPage, () => (flash.value ? t('titleRinging') : t('title')))
