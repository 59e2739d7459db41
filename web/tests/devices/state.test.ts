// Which devices are asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Device, DevicePage } from '../../src/shared/wire'
import { fromAddress, queryOf, read } from '../../src/devices/state'

test('what is empty is not asked for', () => {
  assert.equal(queryOf(fromAddress('')), '')
  assert.equal(queryOf({ search: ' 血氧 1 ', state: 'active', worn: 'false', attention: 'quiet' }), `search=${encodeURIComponent('血氧')}+1&state=active&worn=false&attention=quiet`)
})

test('what was opened by "more" is read again whole, in as few questions as the server answers', async () => {
  const all = Array.from({ length: 300 }, (_, number) => ({ id: `D${String(number).padStart(3, '0')}` }) as Device)
  const asked: string[] = []
  const ask = (path: string): Promise<DevicePage> => {
    asked.push(path)
    const query = new URLSearchParams(path.split('?')[1])
    const from = all.findIndex(({ id }) => id > (query.get('after') ?? ''))
    const devices = all.slice(from, from + Number(query.get('limit')))
    const last = devices.at(-1)?.id ?? null
    return Promise.resolve({ devices, next: last === 'D299' ? null : last, total: 300 })
  }
  const listed = await read('worn=true', 250, ask)
  assert.deepEqual(listed.devices, all.slice(0, 250))
  assert.deepEqual([listed.next, listed.total], ['D249', 300])
  assert.deepEqual(asked, ['/devices?worn=true&limit=200', '/devices?worn=true&limit=50&after=D199'])
  assert.equal((await read('', 9999, ask)).devices?.length, 300)
})
