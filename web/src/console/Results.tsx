// What was measured once – a laboratory value, a weight, a night's sleep: a list by group, with the time beside it.
import { hoursAndMinutes } from '../shared/waiting'
import type { MetricValue } from '../shared/wire'
import { contextText, measuredText, metricName } from './metricWords'
import { numberText, unitText } from './metrics'
import type { Shelf } from './shelves'
import { t } from './words'

function ValueText({ value }: { value: MetricValue }) {
  if (value.metric === 'sleep_duration') {
    const { hours, minutes } = hoursAndMinutes(Math.round(value.value))
    return <span>{t('hoursOfSleep', hours, minutes)}</span>
  }
  return (
    <span class="num">
      <b data-testid={`result-${value.metric}`}>{numberText(value)}</b> <small>{unitText(value.unit)}</small>
    </span>
  )
}

export function Context({ words }: { words: readonly string[] }) {
  return (
    <>
      {words.map(contextText).map((text) => text && <span class="tag">{text}</span>)}
    </>
  )
}

function Row({ value }: { value: MetricValue }) {
  return (
    <li data-testid="result" data-metric={value.metric}>
      <span class="result-name">
        {metricName(value.metric)}{' '}
        <time class="num soft" dateTime={value.at}>
          {measuredText(value)}
        </time>{' '}
        <Context words={value.context} />
      </span>
      <ValueText value={value} />
    </li>
  )
}

export function Results({ shelves }: { shelves: readonly Shelf[] }) {
  return (
    <>
      {shelves.map(({ group, values }) => (
        <section class="results" key={group} aria-label={t(`group_${group as 'lab'}`)} data-testid={`group-${group}`}>
          <h3>{t(`group_${group as 'lab'}`)}</h3>
          <ul>
            {values.map((value) => (
              <Row key={value.metric} value={value} />
            ))}
          </ul>
        </section>
      ))}
    </>
  )
}
