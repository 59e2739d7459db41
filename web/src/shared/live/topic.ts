// A topic that a page watches: keeps its state, buffers deltas while a subscribe is under way, asks again after a gap.
import { signal } from '@preact/signals'
import { Problem } from '../api'
import { apply, fromSnapshot, type Delta, type TopicState, type Values } from './delta'

export type TopicPhase = 'loading' | 'live' | 'refused'
export interface Subscribed {
  ok: boolean
  event_id?: string
  state?: Record<string, unknown>
  deltas?: Delta[]
  problem?: { type?: string; title?: string; detail?: string }
}
type Ask = (lastEventId: string | null) => Promise<Subscribed>

const EMPTY: Values = new Map()
const RETRY_MS = 1500
const PASSING = ['unavailable', 'too-many-messages']

export class Topic {
  readonly values = signal<Values>(EMPTY)
  readonly phase = signal<TopicPhase>('loading')
  readonly problem = signal<Problem | null>(null)
  /** How often something was left out on the way, and asked for again. */
  readonly missed = signal(0)
  private state: TopicState | null = null
  private early: Delta[] = []
  private asking = false

  constructor(private readonly ask: Ask) {}

  /** Subscribe, or resume where it stopped. Safe to call again at every reconnect. */
  async subscribe(): Promise<void> {
    this.asking = true
    this.early = []
    const reply = await this.ask(this.state?.eventId ?? null).catch(() => null)
    this.asking = false
    if (reply === null) return void setTimeout(() => this.retry(), RETRY_MS)
    if (!reply.ok) return this.refuse(reply)
    if (reply.state && reply.event_id) this.state = fromSnapshot(reply.event_id, reply.state)
    for (const delta of [...(reply.deltas ?? []), ...this.early]) this.receive(delta)
    this.publish()
  }

  onSnapshot(eventId: string, state: Record<string, unknown>): void {
    this.state = fromSnapshot(eventId, state)
    this.publish()
  }

  onDelta(delta: Delta): void {
    if (this.asking) this.early.push(delta)
    else if (this.receive(delta)) this.publish()
  }

  private retry(): void {
    if (!this.asking && this.phase.value !== 'refused') void this.subscribe()
  }

  private receive(delta: Delta): boolean {
    if (!this.state) return false
    const next = apply(this.state, delta)
    if (next === 'gap') {
      this.missed.value += 1
      if (!this.asking) void this.subscribe()
      return false
    }
    this.state = next
    return true
  }

  private publish(): void {
    if (!this.state) return
    this.values.value = this.state.values
    this.phase.value = 'live'
    this.problem.value = null
  }

  private refuse(reply: Subscribed): void {
    const slug = (reply.problem?.type ?? '').split('/').pop() || 'not-allowed'
    if (PASSING.includes(slug)) return void setTimeout(() => this.retry(), RETRY_MS)
    this.problem.value = new Problem(slug, 0, reply.problem?.detail ?? '')
    this.phase.value = 'refused'
  }
}
