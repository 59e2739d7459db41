// What time a history shows, and where its line ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bounds, columns, gapMs, moved, nearer, query, SPANS, zoomed, type Span, type Stretch } from '../../src/console/history/spans'
import type { HistoryPoint } from '../../src/shared/wire'

const point = (at: number, mean = 97): HistoryPoint => [at, mean - 1, mean + 1, mean, mean, 1]

const NOW = Date.UTC(2026, 10, 21)
const SPAN_NAMES = Object.keys(SPANS) as Span[]

test('a step back begins where the next one ends, and forward again is now', () => {
  for (const span of SPAN_NAMES) {
    const latest = { span, until: null }
    const before = moved(latest, -1, NOW)
    assert.equal(bounds(before, NOW).until, bounds(latest, NOW).from)
    assert.deepEqual(moved(before, 1, NOW + 60_000), latest)
  }
})

test('a year leads to an hour of it, and what was looked at stays in the middle', () => {
  const march = Date.UTC(2026, 2, 9, 7)
  let stretch: Stretch = { span: 'year', until: null }
  for (let span = nearer('year'); span; span = nearer(span)) stretch = zoomed(stretch, span, NOW, march)
  const { from, until } = bounds(stretch, NOW)
  assert.equal(stretch.span, 'hour')
  assert.equal((from + until) / 2, march)
  const day = bounds(zoomed(stretch, 'day', NOW), NOW)
  assert.equal((day.from + day.until) / 2, march)
})

test('another span of what ended now ends now, and nothing ends later', () => {
  assert.deepEqual(zoomed({ span: 'year', until: null }, 'day', NOW), { span: 'day', until: null })
  assert.deepEqual(zoomed({ span: 'day', until: NOW - 1 }, 'year', NOW), { span: 'year', until: null })
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
