// Whether a guardian is asked for turns on a birthday.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ageOn } from '../../src/shared/day'

test('a year more on the birthday, not a day before', () => {
  assert.equal(ageOn('2008-11-22', '2026-11-21'), 17)
  assert.equal(ageOn('2008-11-22', '2026-11-22'), 18)
})
