// The watchdog of a call, and the word for its quality.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, readStats } from '../../src/shared/call/quality'
import { step, watchFrom } from '../../src/shared/call/watchdog'

function restartsWithin(quietMs: number): number[] {
  let watched = step(watchFrom(0), 100, 0).watched
  const at: number[] = []
  for (let now = 500; now <= quietMs; now += 500) {
    const verdict = step(watched, 100, now)
    watched = verdict.watched
    if (verdict.restart) at.push(now)
  }
  return at
}

test('quiet after two seconds, not before', () => {
  const { watched } = step(watchFrom(0), 100, 0)
  assert.equal(step(watched, 100, 1_999).quiet, false)
  assert.equal(step(watched, 100, 2_000).quiet, true)
  assert.equal(step(watched, 101, 2_000).quiet, false)
})

test('restarts at 3 s, then 2, 4 and 8 s later, then every 8 s', () => {
  assert.deepEqual(restartsWithin(34_000), [3_000, 5_000, 9_000, 17_000, 25_000, 33_000])
})

test('new bytes begin the count again', () => {
  const quiet = step(step(watchFrom(0), 100, 0).watched, 100, 3_000)
  assert.equal(quiet.restart, true)
  assert.equal(step(quiet.watched, 200, 3_500).watched.restarts, 0)
})

const NONE = readStats(new Map())

test('loss of more than 3 % since the last sample is poor', () => {
  assert.equal(judge(NONE, { ...NONE, received: 97, lost: 3 }, false), 'good')
  assert.equal(judge(NONE, { ...NONE, received: 96, lost: 4 }, false), 'poor')
  assert.equal(judge(NONE, { ...NONE, received: 100 }, true), 'lost')
})

test('stats are summed over streams, the path is that of the nominated pair', () => {
  const report = new Map<string, Record<string, unknown> & { type: string }>([
    ['a', { type: 'inbound-rtp', bytesReceived: 10, packetsReceived: 1, packetsLost: 1 }],
    ['v', { type: 'inbound-rtp', bytesReceived: 90, packetsReceived: 9, framesDecoded: 7 }],
    ['p', { type: 'candidate-pair', state: 'succeeded', nominated: true, currentRoundTripTime: 0.5, localCandidateId: 'c' }],
    ['c', { type: 'local-candidate', candidateType: 'relay' }],
  ])
  const inbound = readStats(report)
  assert.deepEqual([inbound.bytes, inbound.received, inbound.lost, inbound.framesDecoded], [100, 10, 1, 7])
  assert.equal(inbound.relayed, true)
  assert.equal(judge(NONE, inbound, false), 'poor')
})
