// Trends: order by time, one value a time, the window, and gaps that stay gaps.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, columns, trim, type Point } from '../../src/console/series'

test('a late reading goes to its place, a second one of the same time replaces the first', () => {
  let points: readonly Point[] = []
  for (const point of [[1000, 97], [3000, 95], [2000, 96], [3000, 94]] as const) points = add(points, point)
  assert.deepEqual(points, [[1000, 97], [2000, 96], [3000, 94]])
})

test('only the window is kept', () => {
  const points: Point[] = [[1000, 1], [2000, 2], [3000, 3]]
  assert.deepEqual(trim(points, 2000), [[2000, 2], [3000, 3]])
  assert.deepEqual(trim(points, 9000), [])
  assert.deepEqual(trim(points, 0), points)
})

test('the line breaks where readings are missing for more than a minute', () => {
  assert.deepEqual(columns([[0, 97], [60_000, 96], [121_000, 95]]), { seconds: [0, 60, 61, 121], values: [97, 96, null, 95] })
})
