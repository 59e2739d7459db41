// Which messages are asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromAddress, queryOf } from '../../src/quarantine/choose'

test('a device of the address is asked for, and nothing else that is empty', () => {
  assert.equal(queryOf(fromAddress('?device=OX-1')), 'state=open&device=OX-1')
})

test('a span back from now is told to the minute, so that the same wish is the same question', () => {
  const wish = { ...fromAddress(''), hours: 1 }
  const noon = Date.parse('2026-11-21T12:00:59Z')
  assert.equal(queryOf(wish, noon), `state=open&since=${encodeURIComponent('2026-11-21T11:00:00.000Z')}`)
  assert.equal(queryOf(wish, noon), queryOf(wish, Date.parse('2026-11-21T12:00:01Z')))
})
