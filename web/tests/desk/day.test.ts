// The desk shows first what needs somebody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLate, joined, watched } from '../../src/desk/day'
import type { DeskLine, RosterSession, Session } from '../../src/shared/wire'

const session = (id: string, state: Session['state'], opens_at = '2026-11-22T00:00:00Z') => ({ id, state, opens_at }) as Session

test('a paused line stands before the open ones, closed ones last', () => {
  const found = joined([session('c', 'closed'), session('o', 'open'), session('s', 'suspended'), session('p', 'planned')], [])
  assert.deepEqual(
    found.map((each) => each.session.id),
    ['s', 'o', 'p', 'c'],
  )
})
test('places come from the roster, where it knows the session', () => {
  const roster = [{ id: 'a', booked: 3, listed: 1 } as RosterSession]
  const [known, unknown] = joined([session('a', 'open'), { ...session('b', 'open'), booked: 7 }], roster)
  assert.deepEqual([known?.held, known?.listed], [3, 1])
  assert.deepEqual([unknown?.held, unknown?.listed], [7, 0])
})
test('the live topic is put in the same order, its other keys left aside', () => {
  const line = (id: string, state: Session['state']): DeskLine => ({ session: session(id, state), held: 1, listed: 0 })
  const values = new Map<string, unknown>([['day', { day: '2026-11-22', more: false }], ['line/o', line('o', 'open')], ['line/s', line('s', 'suspended')]])
  assert.deepEqual(
    watched(values).map((each) => each.session.id),
    ['s', 'o'],
  )
})
test('a line that should be open and is not is late', () => {
  const at = new Date('2026-11-22T00:00:01Z').getTime()
  assert.ok(isLate(session('p', 'planned'), at))
  assert.ok(!isLate(session('p', 'open'), at))
  assert.ok(!isLate(session('p', 'planned', '2026-11-22T01:00:00Z'), at))
})
