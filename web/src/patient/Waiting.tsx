// The waiting room: the number first, how many are ahead, that the place is kept; then the doctor, then the try-out.
import { clockTime } from '../shared/time'
import { Speaker } from '../shared/ui/Speaker'
import type { MyTicket } from '../shared/wire'
import { useAwake } from './awake'
import { MediaTry } from './MediaTry'
import { enableSound, playRing, soundBlocked } from './ring'
import { t } from './words'

function BackInLine({ mine, rung }: { mine: MyTicket; rung: string | null }) {
  if (mine.cause === 'technical_failure') return <p class="message">{t('putBackTechnical')}</p>
  if (!mine.missed) return null
  return (
    <p class="message" role="status" data-testid="missed">
      {rung ? t('missedAt', clockTime(rung)) : t('missed')} {t('missedKept', mine.ahead ?? 0)}
    </p>
  )
}

function Place({ mine }: { mine: MyTicket }) {
  const ahead = mine.ahead ?? 0
  return (
    <section class="card first" aria-label={t('yourNumber')}>
      <p class="soft">{t('yourNumber')}</p>
      <p class="number num" data-testid="serial">
        {mine.serial}
      </p>
      <div class="ahead" role="status">
        {ahead > 0 && t('ahead')}
        <b class="num" data-testid="ahead" data-ahead={mine.ahead}>
          {ahead ? t('people', ahead) : t('youAreNext')}
        </b>
      </div>
      {mine.session.state === 'planned' && <p data-testid="not-open">{t('notOpenYet', clockTime(mine.session.opens_at))}</p>}
      <p class="kept">{t('placeKept')}</p>
    </section>
  )
}

function Doctor({ mine }: { mine: MyTicket }) {
  const words = { planned: 'doctorNotYet', open: 'doctorHere', closed: 'doctorGone' } as const
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

function Sound() {
  if (soundBlocked.value) {
    return (
      <button class="sound-blocked" data-testid="sound-blocked" onClick={enableSound}>
        <Speaker off /> {t('soundBlocked')}
      </button>
    )
  }
  return (
    <button class="quiet" data-testid="ring-test" onClick={playRing}>
      <Speaker off={false} /> {t('ringTest')}
    </button>
  )
}

export function Waiting({ mine, rung }: { mine: MyTicket; rung: string | null }) {
  useAwake()
  return (
    <div data-testid="waiting-room">
      <h1 class="visually-hidden">{t('yourAppointment')}</h1>
      <Place mine={mine} />
      <BackInLine mine={mine} rung={rung} />
      <Doctor mine={mine} />
      <MediaTry />
      <Sound />
    </div>
  )
}
