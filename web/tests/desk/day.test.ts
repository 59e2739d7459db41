// The desk shows first what needs somebody.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLate, today } from '../../src/desk/day'
import type { RosterSession, Session } from '../../src/shared/wire'

const session = (id: string, state: Session['state'], opens_at = '2026-11-22T00:00:00Z') => ({ id, state, opens_at }) as Session

test('a paused line stands before the open ones, closed ones last', () => {
  const found = today([session('c', 'closed'), session('o', 'open'), session('s', 'suspended'), session('p', 'planned')], [])
  assert.deepEqual(
    found.map((each) => each.session.id),
    ['s', 'o', 'p', 'c'],
  )
})
test('places come from the roster, where it knows the session', () => {
  const roster = [{ id: 'a', booked: 3, listed: 1 } as RosterSession]
  const [known, unknown] = today([session('a', 'open'), session('b', 'open')], roster)
  assert.equal(known?.places?.booked, 3)
  assert.equal(unknown?.places, null)
})
test('a line that should be open and is not is late', () => {
  const at = new Date('2026-11-22T00:00:01Z').getTime()
  assert.ok(isLate(session('p', 'planned'), at))
  assert.ok(!isLate(session('p', 'open'), at))
  assert.ok(!isLate(session('p', 'planned', '2026-11-22T01:00:00Z'), at))
})
