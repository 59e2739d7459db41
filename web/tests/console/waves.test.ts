// A trace is drawn where it was measured and nowhere else; nearer and wider end where there is nothing more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byChannel, endUs, GAP, playhead, PX_PER_MM, runs, scale, strip } from '../../src/console/waves/blocks'
import { DAY, from, moved, spanMs, SPANS_MS, WIDEST, zoomed } from '../../src/console/waves/zoom'
import type { WaveBlock } from '../../src/shared/wire'

function block(samples: number[], startUs = 0, more: Partial<WaveBlock> = {}): WaveBlock {
  const bytes = new Uint8Array(new Int16Array(samples).buffer)
  const text = btoa(String.fromCharCode(...bytes))
  return { channel: 'ecg_ii', unit: 'mV', device_id: 'D', start_us: startUs, rate: 10, gain: 0.5, offset: 1, samples: text, ...more }
}

test('samples become heights, and what was not measured none', () => {
  assert.deepEqual(strip(block([0, -2, GAP, 4])).heights, [1, 0, null, 3])
  assert.equal(endUs(strip(block([1, 2], 5))), 200_005)
})

test('blocks that follow each other are one line; a gap, and a sample that is none, break it', () => {
  const strips = [block([1, 2]), block([3, GAP, 5], 200_000), block([6], 900_000)].map(strip)
  const heights = runs(strips, 0, 2_000_000).map((line) => line.map(({ height }) => height))
  assert.deepEqual(heights, [[1.5, 2, 2.5], [3.5], [4]])
})

test('only what lies in the time is drawn', () => {
  const [line] = runs([strip(block([0, 1, 2, 3, 4]))], 100_000, 300_001)
  assert.deepEqual(line?.map(({ us }) => us), [100_000, 200_000, 300_000])
  assert.deepEqual(runs([strip(block([1]))], 500_000, 900_000), [])
})

test('millivolts have the gain of paper, halved where they do not fit; a pleth fills its box', () => {
  const of = (...heights: number[]) => [heights.map((height) => ({ us: 0, height }))]
  assert.deepEqual(scale(of(0, 1), 'mV', 114), { middle: 0.5, pxPer: 10 * PX_PER_MM, mmPerMv: 10 })
  assert.equal(scale(of(-2, 3), 'mV', 114).mmPerMv, 5)
  assert.equal(scale(of(-20, 30), 'mV', 114).mmPerMv, 2.5)
  assert.deepEqual(scale(of(10, 110), '1', 100), { middle: 60, pxPer: 0.8, mmPerMv: null })
  assert.equal(scale([], 'mV', 114).middle, 0)
})

test('each channel has its blocks in the order of time', () => {
  const found = byChannel([block([1], 9), block([2], 3), block([3], 0, { channel: 'pleth' })])
  assert.deepEqual([...found].map(([channel, own]) => [channel, own.map((each) => each.start_us)]), [['pleth', [0]], ['ecg_ii', [3, 9]]])
})

test('the pen goes on with the clock, waits where nothing is, and does not lag', () => {
  assert.equal(playhead(null, 0, 5_000_000), 4_000_000)
  assert.equal(playhead(4_000_000, 50_000, 5_000_000), 4_050_000)
  assert.equal(playhead(4_990_000, 50_000, 5_000_000), 5_000_000)
  assert.equal(playhead(1_000_000, 50_000, 5_000_000), 3_800_000)
})

test('nearer and wider keep the moment that was pointed at, and never look past now', () => {
  const now = 1_000_000_000_000
  const day = { level: DAY, until: now }
  const near = zoomed(day, -1, now, now - 12 * 3_600_000)
  assert.equal((from(near) + near.until) / 2, now - 12 * 3_600_000)
  assert.equal(zoomed(day, 1, now).until, now)
  assert.deepEqual([zoomed(day, -99, now).level, zoomed(day, 99, now).level], [0, WIDEST])
  assert.equal(moved(day, 1, now).until, now)
  assert.equal(moved(day, -1, now).until, now - spanMs(day))
  assert.equal(SPANS_MS[0], 10_000)
})
