// Booked: the number, when, that the link comes by SMS – or that one stands on the waiting list.
import type { DoctorCard } from '../shared/wire'
import { saveFile } from './save'
import { step, type Booked, type Hours } from './state'
import { t } from './words'
import { When } from './When'

export function Listed({ hours, doctor, phone }: { hours: Hours; doctor: DoctorCard; phone: string }) {
  return (
    <section class="stack centre" role="status" data-testid="listed">
      <When doctor={doctor.name} hours={hours} />
      <p>{t('listedMeans', phone)}</p>
      <Again />
    </section>
  )
}

export function BookedPage({ booked, phone }: { booked: Booked; phone: string | null }) {
  return (
    <section class="stack centre" role="status" data-testid="booked">
      <p>{t('yourNumber')}</p>
      <p class="big-number num" data-testid="booked-serial">
        {booked.serial}
      </p>
      <When doctor={booked.doctor.name} hours={booked} />
      <p class="message ok">{phone ? t('linkBySms', phone) : t('linkBySmsSame')}</p>
      <p class="soft">{t('numberMeans')}</p>
      <button data-testid="calendar" onClick={() => saveFile('visit.ics', booked.calendar, 'text/calendar;charset=utf-8')}>
        {t('calendar')}
      </button>
      <Again />
    </section>
  )
}

function Again() {
  return (
    <button class="quiet" data-testid="book-again" onClick={() => (step.value = { at: 'department' })}>
      {t('bookAgain')}
    </button>
  )
}
