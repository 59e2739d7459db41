// What the measured connection is worth for a video visit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, median } from '../../src/patient/test/network'
import { rate } from '../../src/shared/rate'
import { helping, pace } from '../../src/patient/test/upload'

test('one slow answer does not spoil the figure', () => assert.equal(median([40, 42, 41, 2000, 39]), 41))
test('half a megabit and quick answers carry a picture', () => assert.equal(judge({ rtt_ms: 60, kbps: 500, kbps_up: 500 }), 'good'))
test('a narrow or a slow way is told as slow', () => {
  assert.equal(judge({ rtt_ms: 60, kbps: 499, kbps_up: 5000 }), 'slow')
  assert.equal(judge({ rtt_ms: 401, kbps: 5000, kbps_up: 5000 }), 'slow')
})
test('what does not even carry sound is poor', () => assert.equal(judge({ rtt_ms: 60, kbps: 99, kbps_up: 5000 }), 'poor'))
test('no figure is never good', () => assert.equal(judge({ rtt_ms: Number.NaN, kbps: Number.NaN, kbps_up: null }), 'poor'))
test('a narrow way up is as bad as a narrow way down', () => {
  assert.equal(judge({ rtt_ms: 60, kbps: 9000, kbps_up: 499 }), 'slow')
  assert.equal(judge({ rtt_ms: 60, kbps: 9000, kbps_up: 0 }), 'poor')
  assert.equal(judge({ rtt_ms: 60, kbps: 9000, kbps_up: null }), 'good')
})
test('the answer of one round trip is not counted as sending', () => {
  assert.equal(pace(16_000, 300, 100), 640)
  assert.equal(pace(16_000, 100, 400), 6400) // a round trip that was slower than the sending says little
})
test('the second helping takes about a second and a half and is never more than a megabyte in all', () => {
  assert.equal(helping(640), 120_000)
  assert.equal(helping(10), 16 * 1024)
  assert.equal(helping(100_000) + 16 * 1024, 1024 * 1024)
})
test('a figure is written as people read it', () => assert.deepEqual([rate(640), rate(3240), rate(null)], ['640 kbit/s', '3.2 Mbit/s', '–']))
