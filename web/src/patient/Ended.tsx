// After the visit: thanks, and what happens next.
import type { MyTicket } from '../shared/wire'
import { t } from './words'

const WORDS: Partial<Record<MyTicket['state'], readonly [Key, Key]>> = {
  no_show: ['noShow', 'noShowHint'],
  cancelled: ['cancelled', 'cancelledHint'],
  withdrawn: ['cancelled', 'withdrawnHint'],
  transferred: ['transferred', 'transferredHint'],
}
type Key = 'noShow' | 'noShowHint' | 'cancelled' | 'cancelledHint' | 'withdrawnHint' | 'transferred' | 'transferredHint' | 'moved' | 'cancelledByClinic'

const AGAIN: readonly MyTicket['state'][] = ['no_show', 'cancelled', 'withdrawn']

function words(mine: MyTicket): { title: string; hint: string } {
  if (mine.cause === 'moved') return { title: t('moved'), hint: t('transferredHint') }
  if (mine.state === 'cancelled' && mine.cause === 'by_clinic') return { title: t('cancelledByClinic'), hint: t('cancelledHint') }
  const found = WORDS[mine.state]
  if (found) return { title: t(found[0]), hint: t(found[1]) }
  return { title: t('thanks'), hint: mine.cause === 'unfit_for_online_care' ? t('unfit') : t('thanksHint') }
}

export function Ended({ mine }: { mine: MyTicket }) {
  const { title, hint } = words(mine)
  const phone = mine.hospital.telephone
  return (
    <section class="card centre" data-testid="ended" role="status">
      <h1>{title}</h1>
      <p>{hint}</p>
      {mine.cause === 'moved' && (
        <button class="primary" data-testid="to-new" onClick={() => location.reload()}>
          {t('toNew')}
        </button>
      )}
      {AGAIN.includes(mine.state) && (
        <a class="button" href="/book" data-testid="book-again">
          {t('bookAgain')}
        </a>
      )}
      <a class="button" href={`tel:${phone}`} data-testid="hospital-telephone">
        ☎ {phone}
      </a>
      <p class="soft">{t('closePage')}</p>
    </section>
  )
}
