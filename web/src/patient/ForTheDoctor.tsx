// What the doctor should know before the call: the complaint, photographs and reports.
import type { MyTicket } from '../shared/wire'
import { Complaint } from './Complaint'
import { Documents } from './Documents'
import { t } from './words'

export function ForTheDoctor({ mine }: { mine: MyTicket }) {
  return (
    <section class="card" aria-label={t('forDoctor')}>
      <h2>{t('forDoctor')}</h2>
      <Complaint mine={mine} />
      <Documents mine={mine} />
    </section>
  )
}
