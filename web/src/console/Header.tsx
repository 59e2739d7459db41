// Hospital, session, line state, alarms, sound, clock, language, who. The first thing that is read.
import { now } from '../shared/clock'
import { signOut } from '../shared/staff'
import { STAFF_PAGES } from '../shared/staffPages'
import { clockTime } from '../shared/time'
import { LanguageSwitch } from '../shared/ui/Language'
import { Sound } from '../shared/ui/Sound'
import type { Alarm, Session } from '../shared/wire'
import { needsAnswer, SHAPE, worstUnanswered } from './alarms'
import { playBurst } from './siren'
import { choosePatient, chooseSession, sessionId, sessions, visitId, type Desk } from './state'
import { t } from './words'

function SessionChoice() {
  const all = sessions.value
  if (!all.length) return <span class="soft">{t('noSession')}</span>
  return (
    <select
      class="session-choice"
      aria-label={t('session')}
      data-testid="session-choice"
      value={sessionId.value ?? ''}
      onChange={(event) => {
        visitId.value = null
        chooseSession(event.currentTarget.value)
      }}
    >
      {all.map((each) => (
        <option value={each.id}>
          {each.title} · {clockTime(each.opens_at)}–{clockTime(each.closes_at)}
        </option>
      ))}
    </select>
  )
}

/** That there is no alarm is said only where the list has been read and the page sees. */
function AlarmCount({ alarms, known }: { alarms: readonly Alarm[]; known: boolean }) {
  const worst = worstUnanswered(alarms)
  const first = alarms[0]
  if (!first && !known) return <span class="tag warn" data-testid="alarm-count">{t('alarmsUnknown')}</span>
  if (!first) return <span class="tag" data-testid="alarm-count">{t('noAlarm')}</span>
  const open = alarms.filter(needsAnswer).length
  return (
    <button class={`alarm-count ${worst ?? 'answered'}`} data-testid="alarm-count" onClick={() => choosePatient(first.patient)}>
      {worst ? `${SHAPE[worst]} ` : ''}
      {open ? t('alarmsUnanswered', open) : t('alarmsOpen', alarms.length)}
    </button>
  )
}

export function Header({ desk, session, alarms }: { desk: Desk; session: Session | undefined; alarms: readonly Alarm[] }) {
  const elsewhere = STAFF_PAGES[desk.me.role].find((page) => page !== 'console')
  return (
    <header class="desk-header">
      <h1 class="brand">Bedside</h1>
      <span class="hospital">{desk.hospital.name}</span>
      <SessionChoice />
      {session && <span class={session.state === 'open' ? 'tag ok line-state' : 'tag warn line-state'}>{t(`session_${session.state}`)}</span>}
      <span class="spring" />
      {desk.alarmTopic && <Sound blocked={t('soundBlocked')} test={t('testSound')} testid="test-sound" play={() => playBurst('medium')} />}
      {desk.alarmTopic && (
        <AlarmCount alarms={alarms} known={desk.alarmTopic.phase.value === 'live' && desk.live.blindSince.value === null} />
      )}
      <time class="num" data-testid="clock">
        {clockTime(now.value)}
      </time>
      {elsewhere && (
        <a class={desk.alarmTopic ? 'wide-only' : ''} href={`/${elsewhere}`} data-testid={`to-${elsewhere}`}>
          {t(elsewhere)}
        </a>
      )}
      <LanguageSwitch />
      <a class="who" href="/account" data-testid="who">
        {desk.me.name}
      </a>
      <button class="quiet" data-testid="sign-out" onClick={() => void signOut()}>
        {t('signOut')}
      </button>
    </header>
  )
}
