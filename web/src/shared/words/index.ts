// The shared catalogue, and the words for a Problem and for an age.
import type { Problem } from '../api'
import { translator } from '../language'
import { ageParts } from '../age'
import { hoursAndMinutes, waitMinutes } from '../waiting'
import type { Wait } from '../wire'
import { en } from './en'
import { zh } from './zh'

export const t = translator(en, zh)

export function problemText(problem: Problem): string {
  const key = `problem_${problem.slug}`
  return key in en && key !== 'problem_other' ? t(key as 'problem_offline') : t('problem_other', problem.detail || problem.slug)
}

export function agoText(seconds: number): string {
  const { count, unit } = ageParts(seconds)
  return t('ago', count, unit)
}

function spanText(minutes: number): string {
  const parts = hoursAndMinutes(minutes)
  return parts.hours ? t('hoursMinutes', parts.hours, parts.minutes) : t('minutes', minutes)
}

/** "about 10–25 minutes"; never more exact than the range is. */
export function waitText(wait: Wait): string {
  const { low, high } = waitMinutes(wait)
  if (low === 0) return t('waitUpTo', spanText(high))
  if (high < 60) return t('waitMinutes', low, high)
  return t('waitRange', spanText(low), spanText(high))
}
