// How old something is, and how long something still takes. Pure.
import type { Moment } from './wire'

/** Whole seconds from `at` to `nowMs`, never negative. */
export function ageSeconds(at: Moment | number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - new Date(at).getTime()) / 1000))
}

/** 1:05 */
export function minutesAndSeconds(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

export type Age = { unit: 's' | 'min' | 'h' | 'd'; count: number }

/** The coarsest unit in which an age still says something: 59 s, 59 min, 47 h, then days. */
export function ageParts(seconds: number): Age {
  if (seconds < 60) return { unit: 's', count: seconds }
  if (seconds < 3600) return { unit: 'min', count: Math.floor(seconds / 60) }
  if (seconds < 48 * 3600) return { unit: 'h', count: Math.floor(seconds / 3600) }
  return { unit: 'd', count: Math.floor(seconds / 86400) }
}
