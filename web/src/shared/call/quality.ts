// getStats in, one word out: good, poor or lost; and whether the path is direct or through a relay.
// Limits: 3 % loss is where VP8 at 25 fps begins to show it, 400 ms round trip is where people talk over each other (ITU-T G.114).

export type Quality = 'good' | 'poor' | 'lost'
export interface Inbound {
  readonly bytes: number
  readonly received: number
  readonly lost: number
  readonly framesDecoded: number
  readonly samples: number
  readonly roundTripS: number
  readonly relayed: boolean
}

const NOTHING: Inbound = { bytes: 0, received: 0, lost: 0, framesDecoded: 0, samples: 0, roundTripS: 0, relayed: false }

type Stat = Record<string, unknown> & { type: string }

function number(stat: Stat, name: string): number {
  const value = stat[name]
  return typeof value === 'number' ? value : 0
}

function addPath(sum: Inbound, stat: Stat, report: ReadonlyMap<string, Stat>): Inbound {
  if (stat['state'] !== 'succeeded' || !stat['nominated']) return sum
  const candidate = report.get(String(stat['localCandidateId']))
  return { ...sum, roundTripS: number(stat, 'currentRoundTripTime'), relayed: candidate?.['candidateType'] === 'relay' }
}

function addStream(sum: Inbound, stat: Stat): Inbound {
  return {
    ...sum,
    bytes: sum.bytes + number(stat, 'bytesReceived'),
    received: sum.received + number(stat, 'packetsReceived'),
    lost: sum.lost + number(stat, 'packetsLost'),
    framesDecoded: sum.framesDecoded + number(stat, 'framesDecoded'),
    samples: sum.samples + number(stat, 'totalSamplesReceived'),
  }
}

export function readStats(report: ReadonlyMap<string, Stat>): Inbound {
  let sum = NOTHING
  report.forEach((stat) => {
    if (stat.type === 'candidate-pair') sum = addPath(sum, stat, report)
    if (stat.type === 'inbound-rtp') sum = addStream(sum, stat)
  })
  return sum
}

/** Over the time between two samples. */
export function judge(before: Inbound, after: Inbound, quiet: boolean): Quality {
  if (quiet) return 'lost'
  const lost = Math.max(0, after.lost - before.lost)
  const received = Math.max(0, after.received - before.received)
  const loss = lost + received > 0 ? lost / (lost + received) : 0
  return loss > 0.03 || after.roundTripS > 0.4 ? 'poor' : 'good'
}
