// The shared catalogue, and the words for a Problem and for an age.
import type { Problem } from '../api'
import { translator } from '../language'
import { ageParts } from '../age'
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
