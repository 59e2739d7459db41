// Alarms as the console orders and words them. Pure: no sound, no network.
import type { Alarm, Limit, Priority } from '../shared/wire'

const RANK: Record<Priority, number> = { high: 3, medium: 2, low: 1 }

/** The shape that goes with the colour (IEC 60601-1-8: colour is never the only sign). */
export const SHAPE: Record<Priority, string> = { high: '▲', medium: '◆', low: '●' }

export function isOpen(alarm: Alarm): boolean {
  return alarm.state !== 'resolved'
}

/** Acknowledged at the priority it has now: a worsened alarm calls again. */
export function isAcknowledged(alarm: Alarm): boolean {
  return alarm.acknowledged !== null && RANK[alarm.acknowledged.priority] >= RANK[alarm.priority]
}

export function needsAnswer(alarm: Alarm): boolean {
  return isOpen(alarm) && !isAcknowledged(alarm)
}

function weight(alarm: Alarm): number {
  return (needsAnswer(alarm) ? 100 : 0) + (alarm.kind === 'physiological' ? 10 : 0) + RANK[alarm.priority]
}

/** Unanswered first, physiological before technical, worse first, then newest. */
export function inOrder(alarms: readonly Alarm[]): Alarm[] {
  return [...alarms].sort((a, b) => weight(b) - weight(a) || b.since.localeCompare(a.since))
}

/** What sounds: the highest priority that nobody has answered yet. */
export function worstUnanswered(alarms: readonly Alarm[]): Priority | null {
  const open = alarms.filter(needsAnswer)
  return open.reduce<Priority | null>((worst, { priority }) => (worst && RANK[worst] >= RANK[priority] ? worst : priority), null)
}

/** The worse of two; null is none. */
export function worseOf(one: Priority | null, other: Priority | null): Priority | null {
  if (one === null || other === null) return one ?? other
  return RANK[one] >= RANK[other] ? one : other
}

/** "spo2.low" → spo2.low; "silence:BM-77" → silence and BM-77. */
export function splitCondition(condition: string): { family: string; subject: string } {
  const colon = condition.indexOf(':')
  if (colon < 0) return { family: condition, subject: '' }
  return { family: condition.slice(0, colon), subject: condition.slice(colon + 1) }
}

export type LimitKind = 'below' | 'at_most' | 'at_least' | 'above'

/** Which side of a limit a rule is about, and where it lies. */
export function limitOf(limit: Limit): { kind: LimitKind; at: number } | null {
  for (const kind of ['below', 'at_most', 'at_least', 'above'] as const) {
    const at = limit[kind]
    if (at !== undefined && at !== null) return { kind, at }
  }
  return null
}

export interface ToldLine {
  readonly to: string
  readonly channel: string
  readonly state: string
  readonly at: string | null
  readonly times: number
}

/** One line for what one person was told by one way to one end, with the last time: an hour of rounds fits above the answer. */
export function toldLines(told: Alarm['told']): ToldLine[] {
  const lines = new Map<string, ToldLine>()
  for (const each of told) {
    const key = JSON.stringify([each.to, each.channel, each.state])
    const before = lines.get(key)
    const at = (each.at ?? '') > (before?.at ?? '') ? each.at : (before?.at ?? null)
    lines.set(key, { ...each, at, times: (before?.times ?? 0) + 1 })
  }
  return [...lines.values()]
}
