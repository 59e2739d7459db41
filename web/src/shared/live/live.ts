// The live connection: Socket.IO at /live/, topics by reference count, a heartbeat that tells when the page is blind.
import { signal, type ReadonlySignal } from '@preact/signals'
import { io, type Socket } from 'socket.io-client'
import { heard, serverNow } from '../clock'
import type { Delta } from './delta'
import { Topic, type Subscribed } from './topic'

const SILENCE_MS = 5_000
const ACK_MS = 8_000

export type Goodbye = 'revoked' | 'shutdown' | 'taken_over' | 'too_slow'
export type Listener = (message: never) => void

export class Live {
  /** Server time since which nothing is known, or null while the page sees. */
  readonly blindSince: ReadonlySignal<number | null>
  /** Grows by one at every (re)connection: rooms are joined again by it. */
  readonly connection = signal(0)
  readonly goodbye = signal<Goodbye | null>(null)
  private readonly blind = signal<number | null>(null)
  private readonly topics = new Map<string, { topic: Topic; watchers: number }>()
  private readonly socket: Socket
  private lastHeard = Date.now()
  private everConnected = false

  /** `refused` is asked when the server turns this browser away: whether to come back. */
  constructor(as: 'staff' | 'patient', private readonly refused: () => Promise<boolean>) {
    this.blindSince = this.blind
    this.socket = io({
      path: '/live/',
      auth: { as },
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: 400,
      reconnectionDelayMax: 5_000,
      randomizationFactor: 0.6, // a whole hospital must not come back in one second
      timeout: as === 'staff' ? 5_000 : 20_000, // in a crowd a page waits for its turn; giving up would lose it
    })
    this.listen()
    setInterval(() => this.watch(), 500)
    addEventListener('online', () => this.socket.connect())
  }

  /** The topic, subscribed to until as many `unwatch` as `watch` were called. */
  watchTopic(name: string): Topic {
    const known = this.topics.get(name)
    if (known) {
      known.watchers += 1
      return known.topic
    }
    const topic = new Topic((lastEventId) => this.subscribe(name, lastEventId))
    this.topics.set(name, { topic, watchers: 1 })
    if (this.socket.connected) void topic.subscribe()
    return topic
  }

  unwatch(name: string): void {
    const known = this.topics.get(name)
    if (!known) return
    known.watchers -= 1
    if (known.watchers > 0) return
    this.topics.delete(name)
    if (this.socket.connected) this.socket.emit('unsubscribe', { topic: name })
  }

  /** Send and wait for the acknowledgement; throws if none comes in time. */
  ask<T>(event: string, message: unknown): Promise<T> {
    return this.socket.timeout(ACK_MS).emitWithAck(event, message) as Promise<T>
  }

  on(event: string, listener: Listener): () => void {
    this.socket.on(event, listener as (message: unknown) => void)
    return () => void this.socket.off(event, listener as (message: unknown) => void)
  }

  private subscribe(topic: string, lastEventId: string | null): Promise<Subscribed> {
    return this.ask<Subscribed>('subscribe', lastEventId ? { topic, last_event_id: lastEventId } : { topic })
  }

  private listen(): void {
    this.socket.on('connect', () => this.connected())
    this.socket.on('disconnect', (reason) => this.disconnected(reason))
    this.socket.on('connect_error', () => this.connectFailed())
    this.socket.on('heartbeat', ({ at }: { at: string }) => this.hear(at))
    this.socket.on('goodbye', ({ reason }: { reason: Goodbye }) => this.leave(reason))
    this.socket.on('delta', (delta: Delta & { topic: string }) => this.topics.get(delta.topic)?.topic.onDelta(delta))
    this.socket.on('snapshot', (message: { topic: string; event_id: string; state: Record<string, unknown> }) =>
      this.topics.get(message.topic)?.topic.onSnapshot(message.event_id, message.state),
    )
  }

  private connected(): void {
    this.everConnected = true
    this.goodbye.value = null
    this.lastHeard = Date.now()
    this.blind.value = null
    this.connection.value += 1
    for (const { topic } of this.topics.values()) void topic.subscribe()
  }

  private disconnected(reason: string): void {
    this.goBlind()
    // after a cut by the server the client does not come back by itself
    if (reason === 'io server disconnect' && this.goodbye.value !== 'revoked') this.comeBack()
  }

  private connectFailed(): void {
    if (!this.socket.active) this.turnedAway()
  }

  private turnedAway(): void {
    void this.refused().then((again) => {
      if (again) this.comeBack()
      else this.socket.disconnect()
    })
  }

  private comeBack(): void {
    setTimeout(() => this.socket.connect(), 500 + Math.random() * 2_500)
  }

  private hear(at: string): void {
    this.lastHeard = Date.now()
    heard(new Date(at).getTime())
    this.blind.value = null
  }

  private leave(reason: Goodbye): void {
    this.goodbye.value = reason
    if (reason === 'revoked') this.turnedAway()
  }

  private watch(): void {
    if (Date.now() - this.lastHeard < SILENCE_MS) return
    this.goBlind()
    // a half-dead connection is not worth waiting for
    if (this.everConnected && this.socket.connected) this.socket.disconnect().connect()
  }

  private goBlind(): void {
    if (this.blind.value === null) this.blind.value = serverNow() - (Date.now() - this.lastHeard)
  }
}
