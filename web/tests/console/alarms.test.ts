// Which alarm stands first, which one sounds, and that a worsened one calls again; the bursts of IEC 60601-1-8.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inOrder, isAcknowledged, limitOf, splitCondition, toldLines, worseOf, worstUnanswered } from '../../src/console/alarms'
import { BURSTS } from '../../src/console/bursts'
import type { Alarm } from '../../src/shared/wire'

function alarm(changes: Partial<Alarm>): Alarm {
  return { id: 'a', kind: 'physiological', priority: 'medium', state: 'active', since: '2026-11-21T06:00:00Z', acknowledged: null, ...changes } as Alarm
}
const seen = (priority: Alarm['priority']) => ({ by: 'Lin Wei', at: '2026-11-21T06:01:00Z', priority })

test('an alarm that worsened after its acknowledgement calls again', () => {
  assert.equal(isAcknowledged(alarm({ priority: 'medium', acknowledged: seen('medium') })), true)
  assert.equal(isAcknowledged(alarm({ priority: 'high', acknowledged: seen('medium') })), false)
})

test('unanswered first, physiological before technical, worse first', () => {
  const ids = inOrder([
    alarm({ id: 'answered', priority: 'high', acknowledged: seen('high') }),
    alarm({ id: 'technical', kind: 'technical', priority: 'high' }),
    alarm({ id: 'medium' }),
    alarm({ id: 'high', priority: 'high' }),
  ]).map((each) => each.id)
  assert.deepEqual(ids, ['high', 'medium', 'technical', 'answered'])
})

test('the worst unanswered sounds; ended but unanswered still does, resolved does not', () => {
  assert.equal(worstUnanswered([alarm({ priority: 'low' }), alarm({ priority: 'high', acknowledged: seen('high') })]), 'low')
  assert.equal(worstUnanswered([alarm({ state: 'ended' })]), 'medium')
  assert.equal(worstUnanswered([alarm({ state: 'resolved' })]), null)
})

test('a blind page calls with medium at least, whatever little alarm it last knew of', () => {
  assert.equal(worseOf('low', 'medium'), 'medium')
  assert.equal(worseOf('high', 'medium'), 'high')
  assert.equal(worseOf(null, 'medium'), 'medium')
  assert.equal(worseOf('low', null), 'low')
  assert.equal(worseOf(null, null), null)
})

test('conditions and limits are taken apart', () => {
  assert.deepEqual(splitCondition('silence:BM-77'), { family: 'silence', subject: 'BM-77' })
  assert.deepEqual(splitCondition('spo2.low'), { family: 'spo2.low', subject: '' })
  assert.deepEqual(limitOf({ at_least: 131, for_s: 15 }), { kind: 'at_least', at: 131 })
})

test('ten pulses for high, three for medium, and silence between two bursts', () => {
  assert.equal(BURSTS.high.pulses.length, 10)
  assert.equal(BURSTS.medium.pulses.length, 3)
  for (const burst of Object.values(BURSTS)) {
    const last = burst.pulses[burst.pulses.length - 1]
    assert.ok(last && burst.everyS - (last.startS + last.durationS) >= 2.5)
  }
})

test('who was told the same way again and again is one line with the last time', () => {
  const told = (to: string, state: string, at: string | null) => ({ to, channel: 'sms', state, at })
  const lines = toldLines([
    told('Lin Wei', 'sent', '2026-11-21T06:00:05Z'),
    told('Lin Wei', 'failed', '2026-11-21T06:01:00Z'),
    told('Chen Jing', 'queued', null),
    told('Lin Wei', 'sent', '2026-11-21T06:02:05Z'),
    told('Lin Wei', 'sent', null),
  ])
  assert.deepEqual(
    lines.map((line) => [line.to, line.state, line.at, line.times]),
    [
      ['Lin Wei', 'sent', '2026-11-21T06:02:05Z', 3],
      ['Lin Wei', 'failed', '2026-11-21T06:01:00Z', 1],
      ['Chen Jing', 'queued', null, 1],
    ],
  )
})
