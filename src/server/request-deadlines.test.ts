import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { RequestDeadlines } from './request-deadlines.js'

describe('deadlines', () => {
  it('expire unless they are met, and one timer serves them all', () => {
    const clock = new ManualClock()
    const deadlines = new RequestDeadlines(clock, 60_000)
    const expired: string[] = []
    const add = (name: string) => deadlines.add(() => expired.push(name))
    const a = add('a')
    add('b')
    clock.advance(30_000)
    add('c')
    a[Symbol.dispose]()
    clock.advance(29_000)
    assert.deepEqual(expired, [])
    clock.advance(1000)
    assert.deepEqual(expired, ['b'])
    clock.advance(30_000)
    assert.deepEqual(expired, ['b', 'c'])
    add('d')
    clock.advance(60_000)
    assert.deepEqual(expired, ['b', 'c', 'd'])
  })
})
