// The line as it is shown: who is in a room first, then who waits in the server's order, then the others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inLineOrder, inRoom, isOver, nextOf, taken } from '../../src/console/order'
import type { TicketRow } from '../../src/shared/wire'

const row = (serial: number, state: TicketRow['state'], ahead: number | null = null) => ({ serial, state, ahead, visit_id: null }) as TicketRow

test('those ahead decide, not the number', () => {
  const rows = [row(3, 'arrived', 1), row(9, 'arrived', 0), row(1, 'completed'), row(2, 'in_visit'), row(5, 'booked'), row(4, 'held')]
  assert.deepEqual(
    inLineOrder(rows).map((each) => each.serial),
    [2, 9, 3, 4, 5, 1],
  )
})
test('who is held or not here is not called next', () => {
  assert.equal(nextOf([row(1, 'held'), row(2, 'booked')]), null)
  assert.equal(nextOf([row(1, 'held'), row(7, 'arrived', 0)])?.serial, 7)
})
test('a ticket in a room has a visit', () => {
  assert.equal(inRoom(row(1, 'called')), false)
  assert.equal(inRoom({ ...row(1, 'called'), visit_id: 'v' }), true)
})
test('cancelled, withdrawn and transferred tickets are over', () => {
  for (const state of ['cancelled', 'withdrawn', 'transferred', 'completed', 'no_show'] as const) assert.ok(isOver(row(1, state)))
  assert.ok(!isOver(row(1, 'held')))
})
test('a number that was given up takes no place', () => {
  const rows = [row(1, 'cancelled'), row(2, 'withdrawn'), row(3, 'transferred'), row(4, 'booked'), row(5, 'no_show'), row(6, 'completed')]
  assert.equal(taken(rows), 3)
})
