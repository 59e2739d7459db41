// Ages and countdowns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ageParts, ageSeconds, minutesAndSeconds } from '../../src/shared/age'

test('the coarsest unit that still says something', () => {
  assert.deepEqual(ageParts(59), { unit: 's', count: 59 })
  assert.deepEqual(ageParts(60), { unit: 'min', count: 1 })
  assert.deepEqual(ageParts(4 * 3600 + 100), { unit: 'h', count: 4 })
  assert.deepEqual(ageParts(49 * 3600), { unit: 'd', count: 2 })
})

test('an age is never negative', () => {
  assert.equal(ageSeconds('2026-11-21T06:00:10Z', Date.parse('2026-11-21T06:00:00Z')), 0)
  assert.equal(ageSeconds('2026-11-21T06:00:00Z', Date.parse('2026-11-21T06:00:01.900Z')), 1)
})

test('countdown', () => {
  assert.equal(minutesAndSeconds(64.2), '1:05')
  assert.equal(minutesAndSeconds(-3), '0:00')
})
