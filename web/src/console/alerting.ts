// Which sound the desk makes now: the worst unanswered alarm, or that the page is blind.
import { signal } from '@preact/signals'
import type { Priority } from '../shared/wire'
import { SHAPE, worseOf } from './alarms'
import { sound } from './siren'

const BLIND_SOUNDS_AFTER_MS = 5_000

/** Stands before the title of the page, so that a tab in the background shows it. */
export const titleMark = signal('')
export const blindIsSilenced = signal(false)

export function silenceBlind(): void {
  blindIsSilenced.value = true
}

/** A blind page cannot know of alarms, which is itself one: it calls with medium priority until it is silenced. */
export function soundFor(worst: Priority | null, blindSinceMs: number | null, nowMs: number): void {
  titleMark.value = blindSinceMs !== null ? '▧ ' : worst ? `${SHAPE[worst]} ` : ''
  if (blindSinceMs === null) {
    blindIsSilenced.value = false
    return sound(worst)
  }
  const calls = !blindIsSilenced.value && nowMs - blindSinceMs > BLIND_SOUNDS_AFTER_MS
  sound(worseOf(worst, calls ? 'medium' : null))
}
