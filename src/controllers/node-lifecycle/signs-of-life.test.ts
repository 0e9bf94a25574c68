import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Clock, ManualClock } from '../../machinery/clock.js'
import { SignsOfLife } from './signs-of-life.js'

describe('signs of life', () => {
  test('are missing when there is no new one in time', () => {
    const clock = new ManualClock()
    using signs = new SignsOfLife(clock)
    signs.seen('1', 40_000)
    assert.equal(signs.remaining, 40_000)
    clock.advance(39_999)
    signs.seen('1', 40_000)
    assert.equal(signs.missing, false)
    clock.advance(1)
    assert.equal(signs.missing, true)
    signs.seen('1', 40_000)
    assert.equal(signs.missing, true)
    signs.seen('2', 40_000)
    assert.equal(signs.missing, false)
    clock.advance(20_000)
    signs.seen('3', 60_000)
    clock.advance(59_999)
    assert.equal(signs.missing, false)
    assert.equal(signs.remaining, 100)
    clock.advance(1)
    assert.equal(signs.missing, true)
  })

  test('are not missed by a clock that is set', () => {
    let offset = 0
    const clock = new ManualClock()
    const set: Clock = { now: () => clock.now() + offset, after: (ms, action) => clock.after(ms, action) }
    using signs = new SignsOfLife(set)
    signs.seen('1', 40_000)
    offset = 3_600_000
    assert.equal(signs.missing, false)
    assert.equal(signs.remaining, 100)
    // The timer comes an hour too late by that clock: so much for what was heard in between.
    clock.advance(40_000)
    assert.equal(signs.missing, false)
    clock.advance(40_000)
    assert.equal(signs.missing, true)
    signs.seen('2', 40_000)
    offset = -3_600_000
    clock.advance(40_000)
    assert.equal(signs.missing, true)
  })

  test('are watched for no more once disposed of', () => {
    const clock = new ManualClock()
    const signs = new SignsOfLife(clock)
    signs.seen('1', 1000)
    signs[Symbol.dispose]()
    clock.advance(2000)
    assert.equal(signs.missing, false)
  })
})
