// An alarm in words: what it is, by which rule, who was told.
import { shown, unitText } from './metrics'
import { limitOf, splitCondition } from './alarms'
import { known, metricName } from './metricWords'
import type { Alarm } from '../shared/wire'
import { t } from './words'

export function valueText(value: number, unit: string | null, metric: string): string {
  const digits = shown(metric).digits
  return `${value.toFixed(Number.isInteger(value) ? 0 : Math.max(1, digits))} ${unitText(unit ?? '')}`.trim()
}

export function conditionText(condition: string): string {
  const { family, subject } = splitCondition(condition)
  if (family === 'refused') return t('condition_refused', metricName(subject))
  if (family === 'silence') return t('condition_silence', subject)
  if (family === 'missing') return missingText(subject)
  if (family === 'unreadable') return t('condition_unreadable', subject)
  if (family === 'wrong_patient') return t('condition_wrong_patient', subject)
  if (family === 'unjudged') return t('condition_unjudged', subject)
  if (family === 'gap') return t('condition_gap', subject)
  return known(`condition_${family}`, sideText(condition))
}

/** "temp.high" of a metric that is known, where the catalogue has no words of its own for it. */
function sideText(condition: string): string {
  const [metric = '', side = ''] = condition.split('.')
  if (side === 'low') return t('condition_low', metricName(metric))
  return side === 'high' ? t('condition_high', metricName(metric)) : condition
}

/** Of "BM-77:spo2": the metric that stays away, and the device that goes on speaking. */
function missingText(subject: string): string {
  const [device = '', metric = ''] = subject.split(':')
  return t('condition_missing', metricName(metric), device)
}

/** "SpO₂ low 79 %" */
export function alarmTitle(alarm: Alarm): string {
  if (alarm.rule === 'gap' && alarm.value !== null) {
    return t('condition_gap_number', splitCondition(alarm.condition).subject, alarm.value)
  }
  const value = alarm.value === null ? '' : ` ${valueText(alarm.value, alarm.unit, alarm.metric ?? '')}`
  return `${conditionText(alarm.condition)}${value}`
}

/** "below 80 % for 10 s" */
export function ruleText(alarm: Alarm): string | null {
  const limit = alarm.limit && limitOf(alarm.limit)
  if (!limit) return null
  const at = `${limit.at} ${unitText(alarm.unit ?? '')}`.trim()
  return t(`limit_${limit.kind}`, at, alarm.limit?.for_s ?? 0)
}

export function profileText(profile: string | null): string {
  return profile === null ? t('profileNone') : known(`profile_${profile}`, profile)
}

export function deliveryState(state: string): string {
  return known(`delivery_${state}`, state)
}
