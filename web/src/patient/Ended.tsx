// After the visit: thanks, and what happens next.
import type { MyTicket } from '../shared/wire'
import { t } from './words'

function words(mine: MyTicket): { title: string; hint: string } {
  if (mine.state === 'no_show') return { title: t('noShow'), hint: t('noShowHint') }
  return { title: t('thanks'), hint: mine.cause === 'unfit_for_online_care' ? t('unfit') : t('thanksHint') }
}

export function Ended({ mine }: { mine: MyTicket }) {
  const { title, hint } = words(mine)
  const phone = mine.hospital.telephone
  return (
    <section class="card centre" data-testid="ended" role="status">
      <h1>{title}</h1>
      <p>{hint}</p>
      <a class="button" href={`tel:${phone}`} data-testid="hospital-telephone">
        ☎ {phone}
      </a>
      <p class="soft">{t('closePage')}</p>
    </section>
  )
}
