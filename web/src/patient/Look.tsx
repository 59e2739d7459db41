// What the link is for: hospital and time, and nothing about the patient before the birth date is right.
import { clockTime, dayLong } from '../shared/time'
import type { Look } from '../shared/wire'
import { OtherBrowser } from './OtherBrowser'
import { place } from './state'
import { t } from './words'

export function LookPage({ look }: { look: Look }) {
  return (
    <>
      <Invitation look={look} />
      <OtherBrowser />
    </>
  )
}

function Invitation({ look }: { look: Look }) {
  return (
    <section class="card centre" data-testid="look">
      <p class="soft">{t('yourAppointment')}</p>
      <h1>{look.hospital.name}</h1>
      <p class="when">
        {dayLong(look.opens_at)}
        <br />
        <b class="num">{t('from', clockTime(look.opens_at))}</b>
      </p>
      <button class="primary" data-testid="look-continue" onClick={() => (place.value = { at: 'birth', look })}>
        {t('yesMe')}
      </button>
      <p class="soft hint">{t('notYours')}</p>
    </section>
  )
}
