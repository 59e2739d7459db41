// What is polled must never show an old answer as if it were new.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOld } from '../../src/shared/polled'

const heard = (heardAt: number | null) => ({ value: null, heardAt, problem: null })

test('three missed answers make it old', () => {
  assert.equal(isOld(heard(1_000), 3_000, 11_000), false)
  assert.equal(isOld(heard(1_000), 3_000, 11_001), true)
})
test('what has heard nothing yet is not old, it is empty', () => assert.equal(isOld(heard(null), 3_000, 99_999), false))
