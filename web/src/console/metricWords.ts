// A metric, when it was measured and what was said beside its value, in words.
import { ageSeconds } from '../shared/age'
import { now } from '../shared/clock'
import { clockTime } from '../shared/time'
import type { MetricValue } from '../shared/wire'
import { agoText } from '../shared/words'
import { t, type ConsoleKey } from './words'
import { en } from './words/en'

/** A word that may be missing from the catalogue because the server knows more than this page. */
export function known(key: string, otherwise: string): string {
  return key in en ? t(key as Extract<ConsoleKey, 'metric_spo2'>) : otherwise
}

export function metricName(metric: string): string {
  return known(`metric_${metric}`, metric)
}

/** "" for what says nothing to a doctor: which user of the scale, which fingertip. */
export function contextText(word: string): string {
  return known(`context_${word}`, '')
}

/** "14:07", and from an hour on how long ago that was. */
export function measuredText({ at }: MetricValue): string {
  const age = ageSeconds(at, now.value)
  return age < 3600 ? clockTime(at) : t('measuredAt', clockTime(at), agoText(age))
}
