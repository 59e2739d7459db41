// Perfect negotiation (W3C webrtc-pc §10.7) on one RTCPeerConnection. Signals are handled strictly in order of arrival.

export interface Signal {
  description?: RTCSessionDescriptionInit
  candidate?: RTCIceCandidateInit
}
type Send = (signal: Signal) => void

export class Negotiation {
  private makingOffer = false
  private ignoringOffer = false
  private inOrder: Promise<void> = Promise.resolve()

  constructor(private readonly connection: RTCPeerConnection, private readonly polite: boolean, private readonly send: Send) {
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) send({ candidate: candidate.toJSON() })
    }
    connection.onnegotiationneeded = () => void this.offer()
  }

  receive(signal: Signal): void {
    this.inOrder = this.inOrder.then(() => this.handle(signal)).catch((error: unknown) => this.tolerate(error))
  }

  /** Again from here: an offer that nobody answered is said once more – while it stands no new one is asked for, and
   * it or its answer may be lost – and what was agreed on looks for another way through the network. */
  restart(): void {
    if (this.connection.signalingState === 'have-local-offer') this.sendDescription()
    else this.connection.restartIce()
  }

  private async offer(): Promise<void> {
    // the impolite seat opens; the polite one only offers what changes later
    if (this.polite && !this.connection.remoteDescription) return
    try {
      this.makingOffer = true
      await this.connection.setLocalDescription()
      this.sendDescription()
    } catch (error) {
      this.tolerate(error)
    } finally {
      this.makingOffer = false
    }
  }

  private async handle({ description, candidate }: Signal): Promise<void> {
    if (description) await this.describe(description)
    else if (candidate && !this.ignoringOffer) await this.connection.addIceCandidate(candidate)
  }

  private async describe(description: RTCSessionDescriptionInit): Promise<void> {
    const collision = description.type === 'offer' && (this.makingOffer || this.connection.signalingState !== 'stable')
    this.ignoringOffer = !this.polite && collision
    if (this.ignoringOffer) return
    await this.connection.setRemoteDescription(description)
    if (description.type !== 'offer') return
    await this.connection.setLocalDescription()
    this.sendDescription()
  }

  private sendDescription(): void {
    const description = this.connection.localDescription
    if (description) this.send({ description: { type: description.type, sdp: description.sdp } })
  }

  private tolerate(error: unknown): void {
    // a candidate or answer of a connection that no longer exists; the watchdog restarts what this may have broken
    if (this.connection.signalingState !== 'closed') console.debug('signal not applied', error)
  }
}
