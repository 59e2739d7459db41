// One room from this browser's side: joins, negotiates, watches the media, starts anew when the other side comes back.
import { effect, signal } from '@preact/signals'
import type { Live } from '../live/live'
import { Negotiation, type Signal } from './negotiation'
import { judge, readStats, type Inbound, type Quality } from './quality'
import { step, watchFrom, type Watched } from './watchdog'

export type CallState = 'joining' | 'alone' | 'connecting' | 'connected' | 'reconnecting' | 'taken_over' | 'refused'
interface Joined {
  ok: boolean
  problem?: { type: string }
  polite: boolean
  peers: string[]
  ice_servers: RTCIceServer[]
}
interface PeerChange {
  room: string
  change: 'joined' | 'left' | 'taken_over'
}

const SAMPLE_MS = 500
const REJOIN_MS = 2_000
const HELD_AT_MOST = 100 // a call starts with about 20
const PASSING = ['/problems/unavailable', '/problems/too-many-messages']

export class Call {
  readonly state = signal<CallState>('joining')
  readonly remote = signal<MediaStream | null>(null)
  readonly quality = signal<Quality>('good')
  readonly relayed = signal(false)
  readonly peerHere = signal(false)
  /** Something arrives from the other side; a side without camera and microphone sends nothing. */
  readonly receiving = signal(false)
  private connection: RTCPeerConnection | null = null
  private negotiation: Negotiation | null = null
  private joined: Joined | null = null
  private watched: Watched = watchFrom(Date.now())
  private sample: Inbound | null = null
  private joins = 0
  private came = false // the other side, while this one was on its way in
  /** What the other side says while this one is on its way in: it is for the connection that comes of it. */
  private held: (Signal & { room: string })[] | null = null
  private mediaTold = false
  private stopped = false
  private readonly undo: (() => void)[] = []

  constructor(
    private readonly live: Live,
    private readonly room: string,
    private readonly local: MediaStream | null,
    private readonly mediaSeen: () => void,
  ) {
    const sampling = setInterval(() => void this.look(), SAMPLE_MS)
    const networkChanged = (): void => this.restart()
    addEventListener('online', networkChanged)
    this.undo.push(
      live.on('peer', (message: PeerChange) => this.peer(message)),
      live.on('signal', (message: Signal & { room: string }) => this.receive(message)),
      effect(() => (live.connection.value > 0 ? this.rejoinSoon() : undefined)),
      () => clearInterval(sampling),
      () => removeEventListener('online', networkChanged),
    )
  }

  stop(): void {
    this.stopped = true
    this.held = null
    for (const each of this.undo) each()
    this.close()
    void this.live.ask('leave', { room: this.room }).catch(() => undefined)
  }

  /** Back from the other window that took the seat over. */
  continueHere(): void {
    this.state.value = 'joining'
    void this.join()
  }

  private rejoinSoon(): void {
    queueMicrotask(() => void this.join()) // outside of the effect, which must not depend on what join reads
  }

  private async join(): Promise<void> {
    if (this.stopped || this.state.value === 'taken_over') return
    const turn = ++this.joins
    this.held ??= []
    this.came = false
    const joined = await this.live.ask<Joined>('join', { room: this.room }).catch(() => null)
    if (this.stopped || turn !== this.joins) return // a newer one is on its way
    if (joined === null || PASSING.includes(joined.problem?.type ?? '')) return void setTimeout(() => void this.join(), REJOIN_MS)
    if (!joined.ok) return void (this.state.value = 'refused')
    this.joined = joined
    this.peerHere.value = this.came || joined.peers.length > 0
    if (this.peerHere.value) this.begin()
    else if (!this.connection) this.state.value = 'alone'
    this.release()
  }

  private release(): void {
    const held = this.held ?? []
    this.held = null
    for (const message of held) this.receive(message)
  }

  private peer({ room, change }: PeerChange): void {
    if (room !== this.room) return
    if (change === 'taken_over') return this.yieldSeat()
    this.peerHere.value = this.came = change === 'joined'
    if (change === 'joined' && !this.held) this.begin() // else once for both, when this side is in too
  }

  private yieldSeat(): void {
    this.state.value = 'taken_over'
    this.close()
  }

  /** A fresh connection: the other side has come, or come back, with nothing of the old one. */
  private begin(): void {
    if (!this.joined) return
    const again = this.connection !== null
    this.close()
    const connection = new RTCPeerConnection({ iceServers: this.joined.ice_servers, bundlePolicy: 'max-bundle' })
    this.connection = connection
    connection.ontrack = ({ streams, track }) => this.show(streams[0] ?? new MediaStream([track]))
    connection.onconnectionstatechange = () => this.connectionChanged(connection)
    this.negotiation = new Negotiation(connection, this.joined.polite, (each) => this.send(each))
    this.attachLocal(connection)
    this.watched = watchFrom(Date.now())
    this.sample = null
    this.state.value = again ? 'reconnecting' : 'connecting'
  }

  private attachLocal(connection: RTCPeerConnection): void {
    for (const kind of ['audio', 'video'] as const) {
      const track = this.local?.getTracks().find((each) => each.kind === kind)
      if (track && this.local) connection.addTrack(track, this.local)
      else if (!this.joined?.polite) connection.addTransceiver(kind, { direction: 'recvonly' })
    }
  }

  private send(message: Signal): void {
    void this.live.ask('signal', { room: this.room, ...message }).catch(() => undefined)
  }

  private receive(message: Signal & { room: string }): void {
    if (message.room !== this.room) return
    if (this.held) return this.hold(message)
    if (!this.joined) return
    if (!this.negotiation) this.begin()
    this.negotiation?.receive(message)
  }

  private hold(message: Signal & { room: string }): void {
    if (this.held && this.held.length < HELD_AT_MOST) this.held.push(message)
  }

  private show(stream: MediaStream): void {
    this.remote.value = stream
  }

  private connectionChanged(connection: RTCPeerConnection): void {
    if (connection !== this.connection) return
    if (connection.connectionState === 'connected') this.state.value = 'connected'
    if (connection.connectionState === 'failed') this.restart()
  }

  /** One side only restarts: the impolite one. */
  private restart(): void {
    if (this.joined && !this.joined.polite) this.negotiation?.restart()
  }

  private async look(): Promise<void> {
    const connection = this.connection
    if (!connection || connection.signalingState === 'closed') return
    const report = await connection.getStats().catch(() => null)
    if (!report || connection !== this.connection) return
    const inbound = readStats(report as unknown as ReadonlyMap<string, { type: string }>)
    this.tellMedia(inbound)
    this.watchMedia(inbound)
  }

  private tellMedia(inbound: Inbound): void {
    const hasVideo = (this.remote.value?.getVideoTracks() ?? []).some((track) => !track.muted)
    const decoded = hasVideo ? inbound.framesDecoded > 0 : inbound.samples > 0 && inbound.bytes > 20_000
    if (!decoded || this.mediaTold) return
    this.mediaTold = true
    this.mediaSeen()
  }

  /** Called by the page when the video element has painted a frame: sooner than the next sample. */
  framePainted(): void {
    if (this.mediaTold) return
    this.mediaTold = true
    this.mediaSeen()
  }

  private watchMedia(inbound: Inbound): void {
    const verdict = step(this.watched, inbound.bytes, Date.now())
    this.watched = verdict.watched
    const flowing = inbound.bytes > 0 && !verdict.quiet
    if (flowing) this.state.value = 'connected'
    else if (verdict.quiet && this.state.value === 'connected' && inbound.bytes > 0) this.state.value = 'reconnecting'
    if (verdict.restart && this.expectsMedia(inbound)) this.restart()
    this.quality.value = judge(this.sample ?? inbound, inbound, verdict.quiet && inbound.bytes > 0)
    this.relayed.value = inbound.relayed
    this.receiving.value = inbound.bytes > 0
    this.sample = inbound
  }

  /** A side without camera and microphone sends nothing; that silence is no failure once connected. */
  private expectsMedia(inbound: Inbound): boolean {
    return inbound.bytes > 0 || this.connection?.connectionState !== 'connected'
  }

  private close(): void {
    if (!this.connection) return
    this.connection.onconnectionstatechange = this.connection.ontrack = this.connection.onicecandidate = null
    this.connection.onnegotiationneeded = null
    this.connection.close()
    this.connection = this.negotiation = null
  }
}
