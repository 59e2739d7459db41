// What can be removed by which request, and when one is asked to show a factor first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { all, mayChange } from '../../src/account/factors'
import type { Factors } from '../../src/shared/wire'

const NONE: Factors = { totp: false, passkeys: [], stepped_up_at: null, fresh_until: null }
const KEY = { id: 'k1', label: 'Desk', created_at: '2026-11-20T08:00:00Z' }
const NOON = Date.parse('2026-11-21T12:00:00Z')

test('the app comes first, each with the request that removes it', () => {
  assert.deepEqual(
    all({ ...NONE, totp: true, passkeys: [KEY] }).map(({ path, label }) => [path, label]),
    [['/factors/totp', null], ['/passkeys/k1', 'Desk']],
  )
})
test('who has none shows none', () => assert.ok(mayChange(NONE, NOON)))
test('who has one shows it, and in good time', () => {
  const has = { ...NONE, totp: true }
  assert.ok(!mayChange(has, NOON))
  assert.ok(mayChange({ ...has, fresh_until: '2026-11-21T12:05:00Z' }, NOON))
  assert.ok(!mayChange({ ...has, fresh_until: '2026-11-21T12:00:20Z' }, NOON))
})
