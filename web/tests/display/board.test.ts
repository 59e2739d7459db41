// Numbers on the wall: large, and the new one seen at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columns, fresh } from '../../src/display/board'

test('only a number that was not there before flashes', () => assert.deepEqual(fresh([4, 5], [5, 6]), [6]))
test('one number fills the screen, six stand in three columns', () => assert.deepEqual([0, 1, 2, 3, 4, 6].map(columns), [1, 1, 2, 2, 2, 3]))
