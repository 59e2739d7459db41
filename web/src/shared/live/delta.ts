// One live topic: a flat map, a snapshot, then deltas numbered "<epoch>-<version>". Pure.

export type Values = ReadonlyMap<string, unknown>
export interface TopicState {
  readonly eventId: string
  readonly values: Values
}
export interface Delta {
  event_id: string
  set: Record<string, unknown>
  drop: string[]
}

function parse(eventId: string): { epoch: string; version: number } {
  const dash = eventId.lastIndexOf('-')
  return { epoch: eventId.slice(0, dash), version: Number(eventId.slice(dash + 1)) }
}

export function fromSnapshot(eventId: string, state: Record<string, unknown>): TopicState {
  return { eventId, values: new Map(Object.entries(state)) }
}

/** The state after the delta; the same state if it is already in; `gap` if one before it is missing or the epoch changed. */
export function apply(state: TopicState, delta: Delta): TopicState | 'gap' {
  const have = parse(state.eventId)
  const next = parse(delta.event_id)
  if (next.epoch !== have.epoch) return 'gap'
  if (next.version <= have.version) return state
  if (next.version !== have.version + 1) return 'gap'
  const values = new Map(state.values)
  for (const [key, value] of Object.entries(delta.set)) values.set(key, value)
  for (const key of delta.drop) values.delete(key)
  return { eventId: delta.event_id, values }
}

/** All values whose key begins with `prefix`, such as "alarm/". */
export function under<T>(values: Values, prefix: string): T[] {
  const found: T[] = []
  for (const [key, value] of values) if (key.startsWith(prefix)) found.push(value as T)
  return found
}
