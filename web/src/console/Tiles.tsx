// The numbers: large, with unit and age, a trend beside them; grey where they are no longer live.
import type { ReadonlySignal } from '@preact/signals'
import { now } from '../shared/clock'
import { ageSeconds } from '../shared/age'
import { clockTime } from '../shared/time'
import type { Alarm, MetricValue } from '../shared/wire'
import { agoText } from '../shared/words'
import { needsAnswer } from './alarms'
import { metricName } from './alarmWords'
import { EXPECTED, shown, staleAfterS, TILES, unitText } from './metrics'
import type { Point } from './series'
import { Trend } from './Trend'
import type { Trends } from './trends'
import { t } from './words'

interface Props {
  metrics: readonly MetricValue[]
  alarms: readonly Alarm[]
  trends: Trends
  blind: boolean
}

function order(metric: string): number {
  const at = TILES.findIndex((tile) => tile.metric === metric)
  return at < 0 ? TILES.length : at
}

function Age({ value, stale }: { value: MetricValue; stale: boolean }) {
  const text = agoText(ageSeconds(value.at, now.value))
  return stale ? <span class="tag warn">{t('stale', text)}</span> : <span data-testid="age">{text}</span>
}

/** A pressure is read as a pair: 148/92. */
function numberText(value: MetricValue, diastolic: MetricValue | undefined): string {
  const text = value.value.toFixed(shown(value.metric).digits)
  return diastolic ? `${text}/${diastolic.value.toFixed(0)}` : text
}

interface TileProps {
  metric: string
  value: MetricValue | undefined
  diastolic: MetricValue | undefined
  alarm: Alarm | undefined
  series: readonly Point[]
  blind: boolean
}

function Tile({ metric, value, diastolic, alarm, series, blind }: TileProps) {
  const look = shown(metric)
  const wide = EXPECTED.includes(metric)
  const stale = value !== undefined && (blind || ageSeconds(value.at, now.value) > staleAfterS(metric))
  const state = `${wide ? ' wide' : ''}${stale || !value ? ' stale' : ''}${alarm ? ` in-alarm ${alarm.priority}` : ''}`
  return (
    <div class={`tile${state}`} data-testid={`tile-${metric}`} data-stale={stale} data-metric={metric}>
      <div class="tile-top">
        <b class="tile-name">{metricName(metric)}</b>
        {value?.late && <span class="tag warn">{t('late')}</span>}
        <span class="spring" />
        {value && <Age value={value} stale={stale} />}
      </div>
      <div class="tile-body">
        <p class={metric === 'sbp' ? 'tile-value pair num' : 'tile-value num'}>
          <span data-testid={`vital-${metric.replace('_rate', '')}`}>{value ? numberText(value, diastolic) : '–'}</span>
          {value && <small>{unitText(value.unit)}</small>}
        </p>
        {(wide || series.length > 1) && <Trend points={series} look={look} label={t('trendOf', metricName(metric))} axes={false} />}
      </div>
    </div>
  )
}

function LastHalfHour({ series }: { series: ReadonlySignal<ReadonlyMap<string, readonly Point[]>> }) {
  const spo2 = series.value.get('spo2') ?? []
  if (spo2.length < 2) return null
  return (
    <div class="tile wide">
      <div class="tile-top">
        <b>{t('lastHalfHour')}</b>
        <span class="spring" />
        <span>{metricName('spo2')}, %</span>
      </div>
      <Trend points={spo2} look={shown('spo2')} label={t('trendOf', metricName('spo2'))} axes />
    </div>
  )
}

export function Tiles({ metrics, alarms, trends, blind }: Props) {
  const byMetric = new Map(metrics.map((value) => [value.metric, value]))
  const pair = byMetric.has('sbp') ? byMetric.get('dbp') : undefined
  const names = [...new Set([...EXPECTED, ...byMetric.keys()])].filter((metric) => !pair || metric !== 'dbp').sort((a, b) => order(a) - order(b))
  const newest = metrics.reduce<string | null>((last, { at }) => (last && last > at ? last : at), null)
  return (
    <section aria-label={t('vitals')}>
      {!metrics.length && <p class="soft">{t('noReadings')}</p>}
      <div class="tiles">
        {names.map((metric) => (
          <Tile
            key={metric}
            metric={metric}
            value={byMetric.get(metric)}
            diastolic={metric === 'sbp' ? pair : undefined}
            alarm={alarms.find((each) => each.metric === metric && each.kind === 'physiological' && (needsAnswer(each) || each.state === 'active'))}
            series={trends.series.value.get(metric) ?? []}
            blind={blind}
          />
        ))}
        <LastHalfHour series={trends.series} />
      </div>
      {newest && <p class="visually-hidden">{t('lastReading', clockTime(newest))}</p>}
    </section>
  )
}
