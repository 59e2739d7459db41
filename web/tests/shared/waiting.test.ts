// The range is told in round minutes and never narrower than it was measured.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hoursAndMinutes, waitMinutes } from '../../src/shared/waiting'

test('nine and a half to twenty-two minutes is told as nine to twenty-five', () => {
  assert.deepEqual(waitMinutes({ low_s: 570, high_s: 1320 }), { low: 9, high: 25 })
})

test('the ends go outwards, so that rounding hides no wait', () => {
  for (let low_s = 0; low_s < 7200; low_s += 37) {
    const high_s = low_s + 301
    const { low, high } = waitMinutes({ low_s, high_s })
    assert.ok(low * 60 <= low_s, `low end of ${low_s}`)
    assert.ok(high * 60 >= high_s, `high end of ${high_s}`)
  }
})

test('nobody is told nought minutes', () => {
  assert.deepEqual(waitMinutes({ low_s: 0, high_s: 0 }), { low: 0, high: 1 })
  assert.deepEqual(waitMinutes({ low_s: -30, high_s: 20 }), { low: 0, high: 1 })
})

test('long waits are told in hours', () => {
  assert.deepEqual(hoursAndMinutes(85), { hours: 1, minutes: 25 })
})
