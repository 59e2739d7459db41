// One alarm: what, by which rule, at which value, from which device, who was told, who is next – and the answer.
import { useState } from 'preact/hooks'
import { post, toProblem, type Problem } from '../shared/api'
import { now } from '../shared/clock'
import { minutesAndSeconds } from '../shared/age'
import { clockTime, exactTime } from '../shared/time'
import type { Alarm } from '../shared/wire'
import { problemText } from '../shared/words'
import { needsAnswer, SHAPE, toldLines } from './alarms'
import { alarmTitle, deliveryState, ruleText } from './alarmWords'
import { useShortcut } from './shortcuts'
import { t } from './words'

function Told({ alarm }: { alarm: Alarm }) {
  const seconds = alarm.next ? (new Date(alarm.next.at).getTime() - now.value) / 1000 : 0
  return (
    <ul class="told">
      {toldLines(alarm.told).map((each) => (
        <li>
          {t('told', each.to, each.channel.toUpperCase(), deliveryState(each.state))} {each.at && <span class="num">{clockTime(each.at)}</span>}
          {each.times > 1 && ` · ${t('toldTimes', each.times)}`}
        </li>
      ))}
      {alarm.next && needsAnswer(alarm) && (
        <li>
          <b>{t('toldNext', alarm.next.to, minutesAndSeconds(seconds))}</b>
        </li>
      )}
    </ul>
  )
}

function Answer({ alarm, first }: { alarm: Alarm; first: boolean }) {
  const [problem, setProblem] = useState<Problem | null>(null)
  const [busy, setBusy] = useState(false)
  const acknowledge = (): void => {
    if (busy) return
    setBusy(true)
    setProblem(null)
    post(`/alarms/${alarm.id}/acknowledge`, { priority: alarm.priority, round: alarm.round })
      .catch((error: unknown) => setProblem(toProblem(error)))
      .finally(() => setBusy(false))
  }
  useShortcut('a', () => {
    if (first) acknowledge()
  })
  return (
    <>
      <button class="acknowledge" data-testid="acknowledge" disabled={busy} onClick={acknowledge}>
        {t('acknowledge')} {first && <kbd>A</kbd>}
      </button>
      {problem && <p role="alert">{problemText(problem)}</p>}
    </>
  )
}

function Details({ alarm }: { alarm: Alarm }) {
  const rule = ruleText(alarm)
  return (
    <p class="details">
      {[rule, alarm.device_id && t('fromDevice', alarm.device_id), alarm.late && t('lateReading'), alarm.round > 1 && t('round', alarm.round)].filter(Boolean).join(' · ')}
    </p>
  )
}

export function AlarmCard({ alarm, first }: { alarm: Alarm; first: boolean }) {
  const calls = needsAnswer(alarm)
  const acknowledged = alarm.acknowledged
  return (
    <article
      class={`alarm ${alarm.kind} ${alarm.priority}${calls ? '' : ' answered'}${alarm.state === 'ended' ? ' over' : ''}${first && calls ? '' : ' compact'}`}
      data-testid="alarm"
      data-condition={alarm.condition}
      data-priority={alarm.priority}
      data-state={alarm.state}
      data-acknowledged={!calls}
    >
      <div class="alarm-top">
        <h3>
          {SHAPE[alarm.priority]} {alarmTitle(alarm)}
        </h3>
        <span class="num">{exactTime(alarm.since)}</span>
      </div>
      <p class="kind">
        {t(`priority_${alarm.priority}`)}
        {alarm.kind === 'technical' && ` · ${t('technical')}`}
        {alarm.state === 'ended' && ` · ${calls ? t('endedUnanswered', exactTime(alarm.ended_at ?? alarm.since)) : t('ended')}`}
      </p>
      <Details alarm={alarm} />
      {calls && (alarm.told.length > 0 || alarm.next) ? <Told alarm={alarm} /> : null}
      {calls ? (
        <Answer alarm={alarm} first={first} />
      ) : (
        acknowledged && <p data-testid="acknowledged-by">✓ {t('acknowledgedBy', acknowledged.by, exactTime(acknowledged.at))}</p>
      )}
    </article>
  )
}
