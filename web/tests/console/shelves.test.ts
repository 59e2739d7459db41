// Which numbers stand together, what is shown of them, and when a number is no longer live.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isStale, numberText } from '../../src/console/metrics'
import { shelvesOf, tilesOf } from '../../src/console/shelves'
import type { MetricValue } from '../../src/shared/wire'

function value(metric: string, number: number, changes: Partial<MetricValue> = {}): MetricValue {
  const at = '2026-11-21T06:00:00Z'
  return { metric, value: number, unit: '', at, received_at: at, device_id: 'CUFF-1', late: false, comparator: null, context: [], ...changes }
}

test('a pressure is one tile, and only of one measurement', () => {
  const cuff = [value('sbp', 148), value('dbp', 92), value('map', 111)]
  const [tile] = tilesOf(cuff).filter(({ metric }) => metric === 'sbp')
  assert.deepEqual([tile?.value?.value, tile?.diastolic?.value, tile?.mean?.value], [148, 92, 111])
  const later = value('dbp', 60, { at: '2026-11-21T07:00:00Z' })
  assert.deepEqual(tilesOf([value('sbp', 148), later]).map(({ metric }) => metric), ['spo2', 'pulse_rate', 'sbp', 'dbp'])
  const other = value('dbp', 60, { device_id: 'CUFF-2' })
  assert.equal(tilesOf([value('sbp', 148), other]).find(({ metric }) => metric === 'sbp')?.diastolic, undefined)
})

test('a diastolic alone has a tile of its own', () => {
  assert.deepEqual(tilesOf([value('dbp', 92)]).map(({ metric }) => metric), ['spo2', 'pulse_rate', 'dbp'])
})

test('results stand by group in the order of the table; what is not known yet is shown all the same', () => {
  const shelves = shelvesOf([value('weight', 71.4), value('potassium', 4.1), value('lactate', 1), value('novel', 3), value('spo2', 97), value('battery', 40)])
  assert.deepEqual(
    shelves.map(({ group, values }) => [group, values.map(({ metric }) => metric)]),
    [['lab', ['lactate', 'potassium', 'novel']], ['body', ['weight']]],
  )
})

test('a value beyond what the meter can tell keeps its sign, a small one its digit', () => {
  assert.equal(numberText(value('glucose', 33.3, { comparator: '>=' })), '≥ 33.3')
  assert.equal(numberText(value('troponin_i_hs', 0.4)), '0.4')
  assert.equal(numberText(value('troponin_i_hs', 14.2)), '14')
  assert.equal(numberText(value('temp', 38)), '38.0')
})

test('what is measured each second is stale after seconds, a cuff after an hour', () => {
  assert.deepEqual([isStale('spo2', 16), isStale('sbp', 16), isStale('sbp', 3601), isStale('glucose_isf', 600)], [true, false, true, false])
})
