// A stranger's bytes: nothing in them hides, and what is edited as text or hex comes back byte by byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asText, fromBase64, fromHex, hexLines, parts, toBase64, toHex } from '../../src/quarantine/bytes'

test('what cannot be seen is named, and what could turn the order of reading too', () => {
  assert.deepEqual(parts('a\u202eb\u0000'), [
    { text: 'a', hidden: false },
    { text: 'U+202E', hidden: true },
    { text: 'b', hidden: false },
    { text: 'U+0000', hidden: true },
  ])
  assert.deepEqual(parts('血氧 97\n'), [{ text: '血氧 97\n', hidden: false }])
  assert.deepEqual(parts('\u200b\ufeff\u{E0041}').map(({ hidden }) => hidden), [true, true, true])
})

test('bytes that are no UTF-8 are no text', () => {
  assert.equal(asText(Uint8Array.of(0x7b, 0xff)), null)
  assert.equal(asText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b)), '\ufeff{')
})

test('base64 and hex lose no byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  assert.deepEqual(fromBase64(toBase64(all)), all)
  assert.deepEqual(fromHex(toHex(all)), all)
  assert.equal(fromHex('7b 2'), null)
  assert.equal(fromHex('zz'), null)
  assert.deepEqual(fromHex(''), new Uint8Array())
})

test('hex has offset, sixteen bytes and their ASCII', () => {
  assert.deepEqual(hexLines(new TextEncoder().encode('{"readings": []}\n')), [
    '0000  7b 22 72 65 61 64 69 6e 67 73 22 3a 20 5b 5d 7d  {"readings": []}',
    `0010  0a${' '.repeat(45)}  ·`,
  ])
})
