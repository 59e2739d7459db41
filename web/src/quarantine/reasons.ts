// Names in words: of refusals, of metrics. One that this page does not know yet stays as it is.
import { t } from './words'
import { en } from './words/en'

export function reasonText(reason: string): string {
  const key = `reason_${reason}`
  return key in en ? t(key as 'reason_bad_json') : reason
}

export function metricText(metric: string): string {
  const key = `metric_${metric}`
  return key in en ? t(key as 'metric_spo2') : metric
}
