// What a camera reads is what the server made: every dark module once, and no light one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { qrPath } from '../../src/shared/step-up/qr'

test('a run of dark modules is one rectangle', () => assert.equal(qrPath(['0110', '1001']), 'M1 0h2v1h-2zM0 1h1v1h-1zM3 1h1v1h-1z'))
test('the modules that are drawn are those that are dark', () => {
  const rows = ['10101', '01110', '00000']
  const drawn = [...qrPath(rows).matchAll(/M(\d+) (\d+)h(\d+)/g)].flatMap(([, x, y, wide]) => Array.from({ length: Number(wide) }, (_, more) => `${Number(x) + more},${y}`))
  const dark = rows.flatMap((row, y) => [...row].flatMap((module, x) => (module === '1' ? [`${x},${y}`] : [])))
  assert.deepEqual(drawn, dark)
})
