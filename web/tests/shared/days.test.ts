// A session belongs to the hospital's day, wherever the browser is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byDay } from '../../src/shared/days'
import type { OpenSession } from '../../src/shared/wire'

const at = (opens_at: string) => ({ id: opens_at, opens_at }) as OpenSession

test('eight in the morning in Hangzhou is the same day there', () => {
  const days = byDay([at('2026-11-24T00:00:00Z')], 'Asia/Shanghai')
  assert.equal(days[0]?.day, '2026-11-24')
})
test('late UTC evening is the next day in Hangzhou', () => {
  assert.equal(byDay([at('2026-11-23T16:30:00Z')], 'Asia/Shanghai')[0]?.day, '2026-11-24')
})
test('days and sessions come in the order of time', () => {
  const days = byDay([at('2026-11-25T00:00:00Z'), at('2026-11-24T05:30:00Z'), at('2026-11-24T00:00:00Z')], 'Asia/Shanghai')
  assert.deepEqual(
    days.map((day) => day.sessions.map((session) => session.opens_at)),
    [['2026-11-24T00:00:00Z', '2026-11-24T05:30:00Z'], ['2026-11-25T00:00:00Z']],
  )
})
