// The patient's place: the number first, how many are ahead, how long it may take – and honest words where nobody knows.
import { now } from '../shared/clock'
import { ageSeconds } from '../shared/age'
import { clockTime } from '../shared/time'
import type { MyTicket } from '../shared/wire'
import { waitText } from '../shared/words'
import { t } from './words'

const OLD_S = 300 // a range this old is told with a warning

function unknownWait(mine: MyTicket): string {
  if (mine.session.state === 'planned') return t('waitNotOpen', clockTime(mine.session.opens_at))
  return mine.session.state === 'suspended' ? t('waitSuspended') : t('waitUnknown')
}

function Wait({ mine }: { mine: MyTicket }) {
  const { wait } = mine
  if (mine.state === 'held') return null
  if (!wait) {
    return (
      <p class="hint" data-testid="wait-unknown">
        {unknownWait(mine)}
      </p>
    )
  }
  const old = ageSeconds(wait.as_of, now.value) > OLD_S
  return (
    <div class="figure wait" data-testid="wait" data-low={wait.low_s} data-high={wait.high_s}>
      {t('waitTitle')}
      <b class="num">{waitText(wait)}</b>
      <small class={old ? 'wrong' : ''}>{old ? t('waitOld', clockTime(wait.as_of)) : t('waitAsOf', clockTime(wait.as_of))}</small>
    </div>
  )
}

function Ahead({ mine }: { mine: MyTicket }) {
  if (mine.ahead === null) return null
  return (
    <div class="figure">
      {mine.ahead > 0 && t('ahead')}
      <b class="num" data-testid="ahead" data-ahead={mine.ahead}>
        {mine.ahead ? t('people', mine.ahead) : t('youAreNext')}
      </b>
    </div>
  )
}

export function Place({ mine }: { mine: MyTicket }) {
  return (
    <section class="card first" aria-label={t('yourNumber')}>
      <p class="soft">{t('yourNumber')}</p>
      <p class="number num" data-testid="serial">
        {mine.serial}
      </p>
      <div class="figures" role="status">
        <Ahead mine={mine} />
        <Wait mine={mine} />
      </div>
      {mine.session.state === 'planned' && (
        <a class="to-calendar" href="/api/v1/ticket/calendar.ics" data-testid="calendar">
          {t('calendar')}
        </a>
      )}
      <p class="kept">{mine.state === 'held' ? t('held') : t('placeKept')}</p>
    </section>
  )
}
