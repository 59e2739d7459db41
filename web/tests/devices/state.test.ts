// Which devices are asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromAddress, queryOf } from '../../src/devices/state'

test('what is empty is not asked for', () => {
  assert.equal(queryOf(fromAddress('')), '')
  assert.equal(queryOf({ search: ' 血氧 1 ', state: 'active', worn: 'false' }), `search=${encodeURIComponent('血氧')}+1&state=active&worn=false`)
})
