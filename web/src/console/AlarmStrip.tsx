// Open alarms of patients who are not on the screen: one click shows that patient, in a visit or not.
import { exactTime } from '../shared/time'
import type { Alarm } from '../shared/wire'
import { needsAnswer, SHAPE } from './alarms'
import { alarmTitle } from './alarmWords'
import { choosePatient } from './state'
import { t } from './words'

export function AlarmStrip({ alarms, shownPatient }: { alarms: readonly Alarm[]; shownPatient: string | null }) {
  const elsewhere = alarms.filter((alarm) => alarm.patient.id !== shownPatient)
  return (
    <section class="alarm-strip" aria-label={t('alarmsElsewhere')} aria-live="assertive" hidden={!elsewhere.length}>
      {elsewhere.map((alarm) => (
        <button
          key={alarm.id}
          class={`strip-alarm ${alarm.kind} ${needsAnswer(alarm) ? alarm.priority : 'answered'}`}
          data-testid="strip-alarm"
          onClick={() => choosePatient(alarm.patient)}
        >
          <b>
            {SHAPE[alarm.priority]} {alarm.patient.name}
          </b>
          <span>{alarmTitle(alarm)}</span>
          <span class="num">{exactTime(alarm.since)}</span>
        </button>
      ))}
    </section>
  )
}
