// A live topic: snapshot, deltas in order, resume, and what counts as a gap.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply, fromSnapshot, under } from '../../src/shared/live/delta'

const START = fromSnapshot('e1-4', { session: 'open', 'ticket/a': 1, 'ticket/b': 2 })

test('the next delta sets and drops keys, and the state before it stays as it was', () => {
  const next = apply(START, { event_id: 'e1-5', set: { 'ticket/a': 9 }, drop: ['ticket/b'] })
  assert.notEqual(next, 'gap')
  if (next === 'gap') return
  assert.deepEqual([...next.values], [['session', 'open'], ['ticket/a', 9]])
  assert.equal(next.eventId, 'e1-5')
  assert.equal(START.values.get('ticket/a'), 1)
})

test('a delta that is already in changes nothing', () => {
  assert.equal(apply(START, { event_id: 'e1-4', set: { session: 'closed' }, drop: [] }), START)
})

test('a missing version or another epoch is a gap', () => {
  assert.equal(apply(START, { event_id: 'e1-6', set: {}, drop: [] }), 'gap')
  assert.equal(apply(START, { event_id: 'e2-5', set: {}, drop: [] }), 'gap')
})

test('the version is what stands after the last dash', () => {
  const state = fromSnapshot('a-b-9', {})
  assert.notEqual(apply(state, { event_id: 'a-b-10', set: {}, drop: [] }), 'gap')
})

test('keys under a prefix', () => {
  assert.deepEqual(under(START.values, 'ticket/'), [1, 2])
})
