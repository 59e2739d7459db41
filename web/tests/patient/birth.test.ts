// Three numbers become a birth date, or none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { birthDate } from '../../src/patient/birth'

const TODAY = '2026-11-21'

test('days that exist', () => {
  assert.equal(birthDate('1958', '3', '2', TODAY), '1958-03-02')
  assert.equal(birthDate('2000', '02', '29', TODAY), '2000-02-29')
  assert.equal(birthDate('2026', '11', '21', TODAY), TODAY)
})

test('days that do not', () => {
  for (const [year, month, day] of [['1958', '13', '2'], ['1900', '2', '29'], ['2026', '11', '22'], ['58', '3', '2'], ['1958', '', '2'], ['1899', '1', '1']] as const)
    assert.equal(birthDate(year, month, day, TODAY), null)
})
