// What a doctor or an operator is offered for a ticket.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionsFor, type Standing } from '../../src/console/ticket/actions'
import type { TicketRow } from '../../src/shared/wire'

const DOCTOR: Standing = { role: 'doctor', mayCall: true, onLine: true }
const BUSY: Standing = { ...DOCTOR, mayCall: false }
const OPERATOR: Standing = { role: 'operator', mayCall: false, onLine: false }
const row = (state: TicketRow['state'], missed = 0) => ({ state, missed }) as TicketRow

test('one who waits can be called, held, classed, passed on', () => {
  assert.deepEqual(actionsFor(row('arrived'), DOCTOR), ['call', 'hold', 'urgency', 'transfer', 'move', 'cancel', 'link'])
})
test('during a visit nobody else can be called', () => {
  assert.ok(!actionsFor(row('arrived'), BUSY).includes('call'))
  assert.ok(!actionsFor(row('no_show'), BUSY).includes('recall'))
})
test('who missed a call is recalled, even after the last one', () => {
  assert.deepEqual(actionsFor(row('no_show', 3), DOCTOR), ['recall'])
  assert.equal(actionsFor(row('arrived', 1), DOCTOR)[0], 'recall')
})
test('who is held can be called or let go', () => {
  assert.deepEqual(actionsFor(row('held'), DOCTOR).slice(0, 2), ['call', 'unhold'])
})
test('an operator arranges and never calls', () => {
  assert.deepEqual(actionsFor(row('arrived'), OPERATOR), ['hold', 'urgency', 'transfer', 'move', 'cancel', 'link'])
  assert.deepEqual(actionsFor(row('no_show', 3), OPERATOR), [])
})
test('an administrator only looks', () => {
  assert.deepEqual(actionsFor(row('arrived'), { role: 'admin', mayCall: false, onLine: false }), [])
})
test('in a room and after the end nothing is offered', () => {
  for (const state of ['called', 'in_visit', 'completed', 'cancelled', 'withdrawn', 'transferred'] as const) {
    assert.deepEqual(actionsFor(row(state), DOCTOR), [])
  }
})
