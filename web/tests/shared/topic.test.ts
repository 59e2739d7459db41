// A topic asks again where it stopped, keeps what came while it asked, and gives up only where it may not watch.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Topic, type Subscribed } from '../../src/shared/live/topic'

function scripted(replies: Subscribed[]) {
  const asked: (string | null)[] = []
  const topic = new Topic((lastEventId) => {
    asked.push(lastEventId)
    return Promise.resolve(replies.shift() ?? { ok: false, problem: { type: '/problems/not-found' } })
  })
  return { topic, asked }
}

test('a reconnect resumes by the last event id', async () => {
  const { topic, asked } = scripted([
    { ok: true, event_id: 'e-1', state: { a: 1 } },
    { ok: true, event_id: 'e-3', deltas: [{ event_id: 'e-2', set: { a: 2 }, drop: [] }, { event_id: 'e-3', set: { b: 3 }, drop: [] }] },
  ])
  await topic.subscribe()
  await topic.subscribe()
  assert.deepEqual(asked, [null, 'e-1'])
  assert.deepEqual([...topic.values.value], [['a', 2], ['b', 3]])
})

test('a delta that overtakes the answer is not lost', async () => {
  const { topic } = scripted([{ ok: true, event_id: 'e-1', state: { a: 1 } }])
  const subscribed = topic.subscribe()
  topic.onDelta({ event_id: 'e-2', set: { a: 2 }, drop: [] })
  await subscribed
  assert.equal(topic.values.value.get('a'), 2)
})

test('a gap asks again from the last known event', async () => {
  const { topic, asked } = scripted([
    { ok: true, event_id: 'e-1', state: { a: 1 } },
    { ok: true, event_id: 'f-9', state: { a: 9 } },
  ])
  await topic.subscribe()
  topic.onDelta({ event_id: 'e-7', set: { a: 7 }, drop: [] })
  await new Promise((done) => setImmediate(done))
  assert.deepEqual(asked, [null, 'e-1'])
  assert.equal(topic.values.value.get('a'), 9)
})

test('a refusal is shown', async () => {
  const { topic } = scripted([])
  await topic.subscribe()
  assert.equal(topic.phase.value, 'refused')
  assert.equal(topic.problem.value?.slug, 'not-found')
})
