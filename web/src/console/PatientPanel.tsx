// The patient right: alarms first, then whether limits are set, then the numbers, then what led here, waves and devices.
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { under } from '../shared/live/delta'
import { useTopic } from '../shared/live/useTopic'
import type { Alarm, MetricValue, Monitoring, TicketRow, Visit } from '../shared/wire'
import { problemText } from '../shared/words'
import { AlarmCard } from './AlarmCard'
import { inOrder, isOpen } from './alarms'
import { BeforeCall } from './BeforeCall'
import { Devices } from './Devices'
import { HistoryDialog } from './history/HistoryDialog'
import { EXPECTED, shown, TILES } from './metrics'
import { chosenPatient, type Desk } from './state'
import { Tiles } from './Tiles'
import { Trends } from './trends'
import { LiveWaves } from './waves/LiveWaves'
import { t } from './words'

interface Props {
  desk: Desk
  patient: { id: string; name: string } | null
  visit: Visit | null
  row: TicketRow | null
}

/** One Trends a patient; seeded again after every time the page was blind. */
function useTrends(desk: Desk, patientId: string, values: readonly MetricValue[]): Trends {
  const trends = useMemo(() => new Trends(patientId), [patientId])
  const connection = desk.live.connection.value
  const live = values.filter(({ metric }) => shown(metric).liveS !== null)
  const metrics = [...new Set([...EXPECTED, ...live.map(({ metric }) => metric)])].sort()
  useEffect(() => trends.forgetSeeds(), [trends, connection])
  useEffect(() => void trends.seed(metrics), [trends, connection, metrics.join(',')])
  useEffect(() => values.forEach((value) => trends.see(value)))
  return trends
}

/** What a tile can show, and whatever else is measured now: each can be looked at as it was long ago. */
function Past({ patient, metrics }: { patient: { id: string; name: string }; metrics: readonly MetricValue[] }) {
  const [open, setOpen] = useState(false)
  const names = [...new Set([...TILES.map((tile) => tile.metric), ...metrics.map((value) => value.metric)])]
  return (
    <>
      <button data-testid="open-history" onClick={() => setOpen(true)}>
        {t('history')}
      </button>
      {open && <HistoryDialog patient={patient} metrics={names} close={() => setOpen(false)} />}
    </>
  )
}

function Limits({ monitoring }: { monitoring: Monitoring | undefined }) {
  if (!monitoring || monitoring.reason === null) return null
  return (
    <div class="message no-limits" role="status" data-testid="no-limits">
      <b>{t('noLimits')}</b> {t(`noLimits_${monitoring.reason}`)}
    </div>
  )
}

function Watched({ desk, patient, children }: { desk: Desk; patient: { id: string; name: string }; children: ComponentChildren }) {
  const topic = useTopic(desk.live, `patient:${patient.id}`)
  const values = topic?.values.value ?? new Map<string, unknown>()
  const metrics = under<MetricValue>(values, 'metric/')
  const trends = useTrends(desk, patient.id, metrics)
  if (topic?.phase.value === 'refused') return <p class="message bad">{topic.problem.value && problemText(topic.problem.value)}</p>
  if (!topic || topic.phase.value === 'loading') return <p class="loading">{t('loading')}</p>
  const alarms = inOrder(under<Alarm>(values, 'alarm/').filter(isOpen))
  const monitoring = values.get('monitoring') as Monitoring | undefined
  const blind = desk.live.blindSince.value !== null
  return (
    <>
      <div class="alarms" aria-live="assertive">
        {alarms.map((alarm, place) => (
          <AlarmCard key={alarm.id} alarm={alarm} first={place === 0} />
        ))}
      </div>
      <Limits monitoring={monitoring} />
      <Tiles metrics={metrics} alarms={alarms} trends={trends} blind={blind} />
      {children}
      <LiveWaves desk={desk} patientId={patient.id} />
      <Past patient={patient} metrics={metrics} />
      <Devices patientId={patient.id} monitoring={monitoring} />
    </>
  )
}

export function PatientPanel({ desk, patient, visit, row }: Props) {
  const elsewhere = patient !== null && visit !== null && patient.id !== visit.patient.id
  return (
    <section class="patient" aria-label={t('tab_patient')} tabIndex={0}>
      {patient === null ? (
        <p class="loading">{t('noPatient')}</p>
      ) : (
        <>
          <div class={elsewhere ? 'patient-name elsewhere' : 'patient-name'}>
            <h2 data-testid="patient-name">{patient.name}</h2>
            {elsewhere && (
              <button class="small" data-testid="back-to-visit" onClick={() => (chosenPatient.value = null)}>
                {t('backToVisit', visit.serial)}
              </button>
            )}
          </div>
          <Watched key={patient.id} desk={desk} patient={patient}>
            {row && <BeforeCall key={row.id} row={row} visit={visit?.ticket_id === row.id ? visit : null} />}
          </Watched>
        </>
      )}
    </section>
  )
}
