// Green means taken: a message that only arrived, or was taken in part, is not called well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connectivity } from '../../src/shared/wire'
import { verdictOf } from '../../src/devices/verdict'

const HEARD = '2026-11-22T15:38:24.178802Z'
const LATER = '2026-11-22T15:38:25Z' // a whole second has no fraction: as text it would come after "25.1"

function known(reason: string | null, at: string, last: string | null = HEARD): Connectivity {
  const refusal = reason === null ? null : { reason, detail: '', at }
  return { state: 'disconnected', since: null, first_message_at: last, last_message_at: last, last_refusal: refusal, lines: null }
}

test('nothing was heard', () => {
  assert.equal(verdictOf(null), 'waiting')
  assert.equal(verdictOf(known(null, '', null)), 'waiting')
  assert.equal(verdictOf({ ...known(null, '', null), state: 'connected' }), 'connected')
})

test('a good message after a refusal is green', () => {
  assert.equal(verdictOf(known(null, '')), 'heard')
  assert.equal(verdictOf(known('credential', HEARD, LATER)), 'heard')
  assert.equal(verdictOf(known('credential', LATER, '2026-11-22T15:38:25.1Z')), 'heard')
})

test('the door refused since', () => assert.equal(verdictOf(known('credential', LATER)), 'refused'))

test('a message of which nothing was read does not turn it green, first or not', () => {
  for (const reason of ['bad_json', 'bad_utf8', 'malformed', 'wrong_topic']) assert.equal(verdictOf(known(reason, HEARD)), 'refused')
})

test('a message of which something was refused is heard in part', () => {
  for (const reason of ['unknown_unit', 'no_contact', 'wrong_shape', 'duplicate_key']) assert.equal(verdictOf(known(reason, HEARD)), 'partly')
})
