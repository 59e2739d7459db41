// The desk: line left, visit in the middle, patient right; on a phone three tabs. Alarms stand above all of it.
import { useComputed, useSignalEffect } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { now } from '../shared/clock'
import { under } from '../shared/live/delta'
import { useTopic } from '../shared/live/useTopic'
import { BlindBanner, WatchNotice } from '../shared/ui/Blind'
import { UnattendedNotice } from '../shared/unattended/Unattended'
import type { Session, TicketRow, Visit } from '../shared/wire'
import { AlarmStrip } from './AlarmStrip'
import { worstUnanswered } from './alarms'
import { Header } from './Header'
import { LinePanel } from './LinePanel'
import { inRoom } from './order'
import { PatientPanel } from './PatientPanel'
import { blindIsSilenced, silenceBlind, soundFor } from './alerting'
import { chosenPatient, openAlarms, serves, sessionId, sessions, tab, visitId, type Desk, type Tab } from './state'
import { VisitPanel } from './VisitPanel'
import { t } from './words'

const TABS: readonly Tab[] = ['line', 'visit', 'patient']

function Tabs() {
  return (
    <nav class="desk-tabs" aria-label={t('tabs')}>
      {TABS.map((each) => (
        <button aria-current={tab.value === each ? 'page' : undefined} data-testid={`tab-${each}`} onClick={() => (tab.value = each)}>
          {t(`tab_${each}`)}
        </button>
      ))}
    </nav>
  )
}

/** A visit that is under way is shown again after a refresh; one that begins in another window stays there. */
function useOpenVisit(rows: readonly TicketRow[], me: string, loaded: boolean): void {
  const settled = useRef(false)
  useEffect(() => {
    if (!loaded || settled.current) return
    settled.current = true
    visitId.value = rows.find((row) => inRoom(row) && row.called_by === me)?.visit_id ?? visitId.value
  }, [loaded])
}

export function DeskPage({ desk }: { desk: Desk }) {
  const watched = desk.me.role === 'doctor' ? 'session' : 'line' // the same line; only its doctor's carries alarms
  const listed = sessions.value.find((session) => session.id === sessionId.value)
  const line = useTopic(desk.live, listed && serves(desk.me, listed) ? `${watched}:${listed.id}` : null)
  const visitTopic = useTopic(desk.live, visitId.value ? `visit:${visitId.value}` : null)
  const rows = under<TicketRow>(line?.values.value ?? new Map(), 'ticket/')
  const visit = (visitTopic?.values.value.get('visit') as Visit | undefined) ?? null
  const doctor = desk.me.role === 'doctor'
  useOpenVisit(rows, desk.me.id, doctor && line?.phase.value === 'live')
  const alarms = useMemo(() => openAlarms(desk), [desk])
  const worst = useComputed(() => worstUnanswered(alarms.value))
  useSignalEffect(() => soundFor(worst.value, desk.live.blindSince.value, now.value))
  const blind = desk.live.blindSince.value
  const patient = chosenPatient.value ?? visit?.patient ?? null
  return (
    <div class={`desk${doctor ? '' : ' line-only'}${blind === null ? '' : ' is-blind'}`} data-tab={tab.value}>
      <BlindBanner since={blind}>
        {!blindIsSilenced.value && <button onClick={silenceBlind}>{t('silence')}</button>}
      </BlindBanner>
      <Header desk={desk} session={line?.values.value.get('session') as Session | undefined} alarms={alarms.value} />
      <div class="strips">
        <AlarmStrip alarms={alarms.value} shownPatient={patient?.id ?? null} />
        <UnattendedNotice live={desk.live} me={desk.me} />
      </div>
      {doctor && <Tabs />}
      <main class="columns">
        <LinePanel desk={desk} listed={listed} topic={line} rows={rows} visit={visit} />
        {doctor && <VisitPanel desk={desk} visit={visit} topic={visitTopic} />}
        {doctor && <PatientPanel desk={desk} patient={patient} visit={visit} row={rows.find((row) => row.patient.id === patient?.id) ?? null} />}
      </main>
      <WatchNotice />
    </div>
  )
}
