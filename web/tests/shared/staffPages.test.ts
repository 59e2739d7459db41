// Where signing in leads: back to the page that asked for it, and never to one that is not this role's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterSignIn, STAFF_PAGES } from '../../src/shared/staffPages'

test('every page of a role is come back to, and the own account', () => {
  for (const role of ['doctor', 'operator', 'admin'] as const) {
    for (const page of [...STAFF_PAGES[role], 'account']) assert.equal(afterSignIn(role, `/${page}`), `/${page}`)
  }
})
test('a page of somebody else, of another site or of nobody leads home', () => {
  assert.equal(afterSignIn('doctor', '/desk'), '/console')
  assert.equal(afterSignIn('operator', '//evil.example/desk'), '/desk')
  assert.equal(afterSignIn('admin', null), '/outbox')
})
