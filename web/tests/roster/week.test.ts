// The grid of the week, and licences that end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { licenceEnds, week } from '../../src/roster/week'
import type { Profile, Template } from '../../src/shared/wire'

const doctor = (id: string) => ({ doctor: { id, name: id } }) as Profile
const template = (id: string, weekday: number, opens: string) => ({ id: `${id}${weekday}${opens}`, doctor: { id, name: id }, weekday, opens }) as Template

test('morning stands before afternoon, each on its weekday, with its doctor', () => {
  const [lin, gao] = week([doctor('lin'), doctor('gao')], [template('lin', 0, '13:30'), template('lin', 0, '08:00'), template('lin', 6, '08:00')])
  assert.deepEqual(
    lin?.days.map((day) => day.map((each) => each.opens)),
    [['08:00', '13:30'], [], [], [], [], [], ['08:00']],
  )
  assert.equal(gao?.days.flat().length, 0)
})

const licensed = (licence_until: string | null) => ({ licence_no: 'A1', licence_until }) as Profile

test('a licence without number or last day is missing', () => {
  assert.equal(licenceEnds(licensed(null), '2026-11-22'), 'missing')
  assert.equal(licenceEnds({ ...licensed('2030-01-01'), licence_no: '' }, '2026-11-22'), 'missing')
})
test('the last day itself is still valid, and told as ending soon', () => {
  assert.equal(licenceEnds(licensed('2026-11-21'), '2026-11-22'), 'expired')
  assert.equal(licenceEnds(licensed('2026-11-22'), '2026-11-22'), 'soon')
  assert.equal(licenceEnds(licensed('2026-12-22'), '2026-11-22'), 'soon')
  assert.equal(licenceEnds(licensed('2026-12-23'), '2026-11-22'), null)
})
