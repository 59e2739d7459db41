// The link in a text, and which deliveries are shown.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose, splitLink } from '../../src/outbox/choose'
import type { Delivery } from '../../src/shared/wire'

test('the link is cut out of a text with Chinese and Latin marks around it', () => {
  assert.deepEqual(splitLink('【医院】签到:https://h.example/join#abc_-9。谢谢'), { before: '【医院】签到:', link: 'https://h.example/join#abc_-9', after: '。谢谢' })
  assert.equal(splitLink('no link').link, null)
})

test('filtered by state and text, newest first', () => {
  const all = [
    { state: 'sent', address: '+86138', body: 'one', created_at: '2026-11-21T01:00:00Z' },
    { state: 'failed', address: '+86139', body: 'two', created_at: '2026-11-21T02:00:00Z' },
    { state: 'sent', address: '+86139', body: 'three', created_at: '2026-11-21T03:00:00Z' },
  ] as Delivery[]
  assert.deepEqual(choose(all, { state: 'all', text: '139' }).map((each) => each.body), ['three', 'two'])
  assert.deepEqual(choose(all, { state: 'sent', text: 'ONE' }).map((each) => each.body), ['one'])
})
