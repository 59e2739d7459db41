// What is refused before it is sent.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LARGEST_BYTES, unfitFile } from '../../src/patient/upload'

test('photographs and reports may go', () => {
  assert.equal(unfitFile({ type: 'image/jpeg', size: 1 }), null)
  assert.equal(unfitFile({ type: 'application/pdf', size: LARGEST_BYTES }), null)
})
test('a phone that names no type is left to the server', () => assert.equal(unfitFile({ type: '', size: 5 }), null))
test('too large, empty and other files are told at once', () => {
  assert.equal(unfitFile({ type: 'image/jpeg', size: LARGEST_BYTES + 1 }), 'too-large')
  assert.equal(unfitFile({ type: 'image/jpeg', size: 0 }), 'empty')
  assert.equal(unfitFile({ type: 'video/mp4', size: 5 }), 'wrong-type')
})
