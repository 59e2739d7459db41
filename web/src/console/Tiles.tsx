// The numbers: large, with unit and age, a trend beside those that go on; grey where they are no longer live.
import type { ReadonlySignal } from '@preact/signals'
import { now } from '../shared/clock'
import { ageSeconds } from '../shared/age'
import { clockTime } from '../shared/time'
import type { Alarm, MetricValue } from '../shared/wire'
import { agoText } from '../shared/words'
import { needsAnswer } from './alarms'
import { EXPECTED, isStale, numberText, shown, unitText } from './metrics'
import { measuredText, metricName } from './metricWords'
import { Context, Results } from './Results'
import type { Point } from './series'
import { shelvesOf, tilesOf, type TileOf } from './shelves'
import { Trend } from './Trend'
import type { Trends } from './trends'
import { t } from './words'

interface Props {
  metrics: readonly MetricValue[]
  alarms: readonly Alarm[]
  trends: Trends
  blind: boolean
}

/** How old a live number is; of one that was measured once, when. */
function Age({ value, stale }: { value: MetricValue; stale: boolean }) {
  const age = agoText(ageSeconds(value.at, now.value))
  if (shown(value.metric).liveS === null) return <span data-testid="age">{measuredText(value)}</span>
  return stale ? <span class="tag warn">{t('stale', age)}</span> : <span data-testid="age">{age}</span>
}

function nameOf({ metric, diastolic }: TileOf): string {
  return metric === 'sbp' && diastolic ? t('pressure') : metricName(metric)
}

/** A pressure is read as a pair: 148/92, its mean in brackets. */
function Number({ tile: { metric, value, diastolic, mean } }: { tile: TileOf }) {
  return (
    <p class={metric === 'sbp' ? 'tile-value pair num' : 'tile-value num'}>
      <span data-testid={`vital-${metric.replace('_rate', '')}`}>
        {value ? numberText(value) : '–'}
        {diastolic && `/${numberText(diastolic)}`}
      </span>
      {mean && <small>({numberText(mean)})</small>}
      {value && <small>{unitText(value.unit)}</small>}
    </p>
  )
}

interface TileProps {
  tile: TileOf
  alarm: Alarm | undefined
  series: readonly Point[]
  blind: boolean
  wide: boolean
}

function Tile({ tile, alarm, series, blind, wide }: TileProps) {
  const { metric, value } = tile
  const look = shown(metric)
  const live = look.liveS !== null
  const stale = value !== undefined && (blind || isStale(metric, ageSeconds(value.at, now.value)))
  const state = `${wide ? ' wide' : ''}${stale || !value ? ' stale' : ''}${alarm ? ` in-alarm ${alarm.priority}` : ''}`
  return (
    <div class={`tile${state}`} data-testid={`tile-${metric}`} data-stale={stale} data-metric={metric}>
      <div class="tile-top">
        <b class="tile-name">{nameOf(tile)}</b>
        {value?.late && live && <span class="tag warn">{t('late')}</span>}
        <span class="spring" />
        {value && <Age value={value} stale={stale} />}
      </div>
      <div class="tile-body">
        <Number tile={tile} />
        {live && (wide || series.length > 1) && <Trend points={series} look={look} label={t('trendOf', metricName(metric))} axes={false} />}
      </div>
      {value && value.context.length > 0 && (
        <p class="tile-context">
          <Context words={value.context} />
        </p>
      )}
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

/** The alarm that a tile shows: of any of its numbers, the first in order. */
function alarmOf({ metric, diastolic, mean }: TileOf, alarms: readonly Alarm[]): Alarm | undefined {
  const own = [metric, diastolic?.metric, mean?.metric]
  return alarms.find((each) => each.metric !== null && own.includes(each.metric) && each.kind === 'physiological' && (needsAnswer(each) || each.state === 'active'))
}

export function Tiles({ metrics, alarms, trends, blind }: Props) {
  const newest = metrics.reduce<string | null>((last, { at }) => (last && last > at ? last : at), null)
  return (
    <section class="vitals" aria-label={t('vitals')}>
      {!metrics.length && <p class="soft">{t('noReadings')}</p>}
      <div class="tiles">
        {tilesOf(metrics).map((tile) => (
          <Tile
            key={tile.metric}
            tile={tile}
            alarm={alarmOf(tile, alarms)}
            series={trends.series.value.get(tile.metric) ?? []}
            blind={blind}
            wide={EXPECTED.includes(tile.metric) && (tile.value !== undefined || !metrics.length)}
          />
        ))}
        <LastHalfHour series={trends.series} />
      </div>
      <Results shelves={shelvesOf(metrics)} />
      {newest && <p class="visually-hidden">{t('lastReading', clockTime(newest))}</p>}
    </section>
  )
}
