// A metric and what was said beside its value, in words.
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
