// The history of one patient: a metric, a span, its chart; the same as a table, the alarms of the time, and as a file.
import { useEffect, useState } from 'preact/hooks'
import { get, toProblem } from '../../shared/api'
import { serverNow } from '../../shared/clock'
import { dayAndTime } from '../../shared/time'
import { Dialog } from '../../shared/ui/Dialog'
import type { AlarmMark, History, HistoryPoint, WaveChannel } from '../../shared/wire'
import { conditionText, valueText } from '../alarmWords'
import { metricName } from '../metricWords'
import { unitText } from '../metrics'
import { channelName } from '../waves/waveWords'
import { WaveHistory } from '../waves/WaveHistory'
import { t } from '../words'
import { HistoryChart } from './HistoryChart'
import { NotYet, type Answer } from './NotYet'
import { bounds, moved, nearer, query, SPANS, zoomed, type Bounds, type Span, type Stretch } from './spans'
import { boundsText, pointText } from './times'

interface Props {
  patient: { id: string; name: string }
  metrics: readonly string[]
  close: () => void
}

interface Asked extends Stretch {
  metric: string
}

interface Found {
  history: History
  bounds: Bounds
  asked: Asked
}

/** What was asked for last; an answer that comes after another question is passed over. */
function useHistory(patientId: string, asked: Asked, tries: number): Answer<Found> {
  const [answer, setAnswer] = useState<Answer<Found>>(null)
  useEffect(() => {
    let left = false
    const time = bounds(asked, serverNow())
    setAnswer(null)
    get<History>(`/patients/${patientId}/history?${query(asked.metric, asked.span, time)}`).then(
      (history) => left || setAnswer({ history, bounds: time, asked }),
      (error: unknown) => left || setAnswer({ problem: toProblem(error) }),
    )
    return () => {
      left = true
    }
  }, [patientId, asked.metric, asked.span, asked.until, tries])
  return answer
}

const WAVE = 'wave:' // before a channel, where a metric is chosen

/** What waveforms there are of the patient; none while nobody knows. */
function useChannels(patientId: string): readonly string[] {
  const [channels, setChannels] = useState<readonly string[]>([])
  useEffect(() => {
    let left = false
    get<WaveChannel[]>(`/patients/${patientId}/waves/channels`).then(
      (found) => left || setChannels(found.map(({ channel }) => channel)),
      () => undefined,
    )
    return () => {
      left = true
    }
  }, [patientId])
  return channels
}

interface ChoiceProps {
  asked: Asked
  metrics: readonly string[]
  channels: readonly string[]
  ask: (asked: Asked) => void
}

function Choice({ asked, metrics, channels, ask }: ChoiceProps) {
  return (
    <div class="history-choice">
      <label>
        {t('historyMetric')}
        <select data-testid="history-metric" value={asked.metric} onChange={(event) => ask({ ...asked, metric: event.currentTarget.value })}>
          {metrics.map((metric) => (
            <option value={metric}>{metricName(metric)}</option>
          ))}
          {channels.map((channel) => (
            <option value={WAVE + channel}>{t('waveOption', channelName(channel))}</option>
          ))}
        </select>
      </label>
      {!asked.metric.startsWith(WAVE) && <Spans asked={asked} ask={ask} />}
    </div>
  )
}

function Spans({ asked, ask }: { asked: Asked; ask: (asked: Asked) => void }) {
  const go = (stretch: Stretch): void => ask({ ...asked, ...stretch })
  return (
    <>
      <div class="history-spans" role="group" aria-label={t('historySpan')}>
        {(Object.keys(SPANS) as Span[]).map((span) => (
          <button aria-pressed={asked.span === span} data-testid={`history-${span}`} onClick={() => go(zoomed(asked, span, serverNow()))}>
            {t(`span_${span}`)}
          </button>
        ))}
      </div>
      <div class="history-steps">
        <button disabled={asked.until === null} data-testid="history-now" onClick={() => go({ span: asked.span, until: null })}>
          {t('historyNow')}
        </button>
        <button aria-label={t('historyEarlier')} data-testid="history-earlier" onClick={() => go(moved(asked, -1, serverNow()))}>
          ‹
        </button>
        <button aria-label={t('historyLater')} data-testid="history-later" disabled={asked.until === null} onClick={() => go(moved(asked, 1, serverNow()))}>
          ›
        </button>
      </div>
    </>
  )
}

function pointLine(point: HistoryPoint, history: History, span: Span): string {
  const [at, low, high, mean] = point
  const text = (value: number): string => valueText(value, null, history.metric)
  return t('historyPoint', pointText(at, span), text(low), text(mean), `${text(high)} ${unitText(history.unit)}`)
}

function Table({ history, span }: { history: History; span: Span }) {
  const text = (value: number): string => valueText(value, null, history.metric)
  return (
    <details class="history-table">
      <summary>{t('historyAsTable', history.points.length)}</summary>
      <div tabIndex={0} role="region" aria-label={t('historyAsTable', history.points.length)}>
        <table>
          <thead>
            <tr>
              {(['Time', 'Low', 'Mean', 'High', 'Count'] as const).map((column) => (
                <th scope="col">{t(`history${column}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {history.points.map(([at, low, high, mean, , count]) => (
              <tr>
                <th scope="row">{pointText(at, span)}</th>
                <td>{text(low)}</td>
                <td>{text(mean)}</td>
                <td>{text(high)}</td>
                <td>{count}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function Alarms({ alarms, unit }: { alarms: readonly AlarmMark[]; unit: string }) {
  if (!alarms.length) return null
  return (
    <section aria-label={t('historyAlarms')}>
      <h3>{t('historyAlarms')}</h3>
      <ul class="history-alarms">
        {alarms.map((alarm) => (
          <li class={alarm.priority} data-testid="history-alarm">
            <b>{conditionText(alarm.condition)}</b> {alarm.value !== null && alarm.metric && valueText(alarm.value, unit, alarm.metric)}
            <small>
              {t(`priority_${alarm.priority}`)} · {dayAndTime(alarm.raised_at)}
            </small>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface FilesProps {
  patientId: string
  time: Bounds
  /** Whether the waveforms go with it; null where there are none. */
  waves: boolean | null
  choose: (waves: boolean) => void
}

function Files({ patientId, time, waves, choose }: FilesProps) {
  const moments = `from=${new Date(time.from).toISOString()}&until=${new Date(time.until).toISOString()}&waves=${waves !== false}`
  return (
    <div class="history-files">
      {t('historyFiles')}
      {waves !== null && (
        <label>
          <input type="checkbox" checked={waves} data-testid="export-waves" onChange={(event) => choose(event.currentTarget.checked)} />
          {t('historyWithWaves')}
        </label>
      )}
      {(['csv', 'fhir'] as const).map((format) => (
        <a class="button" download href={`/api/v1/patients/${patientId}/export?format=${format}&${moments}`} data-testid={`export-${format}`}>
          {format === 'csv' ? 'CSV' : 'FHIR R4'}
        </a>
      ))}
    </div>
  )
}

function Shown({ history, time, asked, go }: { history: History; time: Bounds; asked: Asked; go: (stretch: Stretch) => void }) {
  const [at, setAt] = useState<number | null>(null)
  const empty = history.complete ? t('historyEmpty', metricName(history.metric)) : t('historyIncomplete')
  if (!history.points.length) return <p class="history-empty">{empty}</p>
  const last = history.points[history.points.length - 1] as HistoryPoint
  const shorter = nearer(asked.span)
  const chosen = (at === null ? undefined : history.points.find((point) => point[0] >= at)) ?? last
  return (
    <>
      <HistoryChart
        history={history}
        span={asked.span}
        bounds={time}
        label={t('historyOf', metricName(history.metric), boundsText(time.from, time.until))}
        point={(ms) => setAt(ms)}
        nearer={(ms) => shorter && go(zoomed(asked, shorter, serverNow(), ms))}
      />
      <p class="history-point num" data-testid="history-point">
        {pointLine(chosen, history, asked.span)}
      </p>
      {shorter && <p class="soft">{t('waveHow')}</p>}
      {!history.complete && <p class="soft">{t('historyIncomplete')}</p>}
      <Table history={history} span={asked.span} />
    </>
  )
}

interface ReadingsProps {
  patientId: string
  asked: Asked
  waves: boolean
  go: (stretch: Stretch) => void
}

function Readings({ patientId, asked, waves, go }: ReadingsProps) {
  const [tries, setTries] = useState(0)
  const [withWaves, choose] = useState(true)
  const answer = useHistory(patientId, asked, tries)
  return (
    <>
      <NotYet answer={answer} again={() => setTries(tries + 1)} />
      {answer !== null && 'history' in answer && (
        <>
          <p class="soft" data-testid="history-bounds">
            {boundsText(answer.bounds.from, answer.bounds.until)}
          </p>
          <Shown history={answer.history} time={answer.bounds} asked={answer.asked} go={go} />
          <Alarms alarms={answer.history.alarms} unit={answer.history.unit} />
          <Files patientId={patientId} time={answer.bounds} waves={waves ? withWaves : null} choose={choose} />
        </>
      )}
    </>
  )
}

export function HistoryDialog({ patient, metrics, close }: Props) {
  const [asked, ask] = useState<Asked>({ metric: metrics[0] ?? 'spo2', span: 'day', until: null })
  const channels = useChannels(patient.id)
  const channel = asked.metric.startsWith(WAVE) ? asked.metric.slice(WAVE.length) : null
  return (
    <Dialog title={t('historyTitle', patient.name)} close={close} testid="history">
      <div class="history">
        <Choice asked={asked} metrics={metrics} channels={channels} ask={ask} />
        {channel ? <WaveHistory key={channel} patientId={patient.id} channel={channel} /> : <Readings patientId={patient.id} asked={asked} waves={channels.length > 0} go={(stretch) => ask({ ...asked, ...stretch })} />}
        <div class="actions">
          <button onClick={close} data-testid="history-close">
            {t('close')}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
