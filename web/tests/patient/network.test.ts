// What the measured connection is worth for a video visit.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, median } from '../../src/patient/test/network'

test('one slow answer does not spoil the figure', () => assert.equal(median([40, 42, 41, 2000, 39]), 41))
test('half a megabit and quick answers carry a picture', () => assert.equal(judge({ rtt_ms: 60, kbps: 500 }), 'good'))
test('a narrow or a slow way is told as slow', () => {
  assert.equal(judge({ rtt_ms: 60, kbps: 499 }), 'slow')
  assert.equal(judge({ rtt_ms: 401, kbps: 5000 }), 'slow')
})
test('what does not even carry sound is poor', () => assert.equal(judge({ rtt_ms: 60, kbps: 99 }), 'poor'))
test('no figure is never good', () => assert.equal(judge({ rtt_ms: Number.NaN, kbps: Number.NaN }), 'poor'))
