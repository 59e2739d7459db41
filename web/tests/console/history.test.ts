// What time a history shows, and where its line ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bounds, columns, gapMs, query, SPANS } from '../../src/console/history/spans'
import type { HistoryPoint } from '../../src/shared/wire'

const point = (at: number, mean = 97): HistoryPoint => [at, mean - 1, mean + 1, mean, mean, 1]

test('a step back begins where the next one ends', () => {
  const now = Date.UTC(2026, 10, 21)
  for (const span of ['hour', 'day', 'week', 'month', 'year'] as const) {
    assert.equal(bounds(span, 1, now).until, bounds(span, 0, now).from)
    assert.equal(bounds(span, 0, now).until, now)
  }
})

test('a line ends where nothing was measured, and only there', () => {
  const points = [point(0), point(60_000), point(600_000)]
  const [seconds, low, high, mean] = columns(points, gapMs(60, 60_000))
  assert.deepEqual(mean, [97, 97, null, 97])
  assert.deepEqual(low, [96, 96, null, 96])
  assert.deepEqual(high, [98, 98, null, 98])
  assert.deepEqual([...seconds].sort((a, b) => a - b), seconds)
})

test('a cuff that measures each hour is no gap', () => {
  assert.equal(gapMs(180, 3_600_000), 3_600_000)
  assert.equal(gapMs(86_400, 3_600_000), 172_800_000)
})

test('a question names its metric, its time and how many points there is room for', () => {
  const asked = query('spo2', 'day', { from: 0, until: 86_400_000 })
  assert.equal(asked, `metric=spo2&from=1970-01-01T00:00:00.000Z&until=1970-01-02T00:00:00.000Z&points=${SPANS.day.points}`)
})
