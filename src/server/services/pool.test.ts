import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dynamicBegin, Pool } from './pool.js'

describe('pool', () => {
  it('hands out every number once, those left to clients last', () => {
    const pool = new Pool({ first: 1, last: 10 }, 5, value => value === 7)
    const taken = Array.from({ length: 9 }, () => pool.takeAny())
    assert.deepEqual(taken.slice(0, 5).sort(), [10, 5, 6, 8, 9])
    assert.deepEqual(taken.slice(5).sort(), [1, 2, 3, 4])
    assert.equal(pool.takeAny(), undefined)
    pool.release(3)
    assert.equal(pool.takeAny(), 3)
  })

  it('gives a certain number to one only', () => {
    const pool = new Pool({ first: 1, last: 10 }, 5, value => value === 7)
    assert.deepEqual([pool.take(2), pool.take(2), pool.take(7)], [true, false, false])
    pool.release(2)
    assert.equal(pool.take(2), true)
    assert.deepEqual(
      [0, 1, 10, 11].map(value => pool.has(value)),
      [false, true, true, false],
    )
  })

  it('searches when chance finds nothing', () => {
    const pool = new Pool(
      { first: 1, last: 100 },
      1,
      value => value !== 99,
      () => 1,
    )
    assert.equal(pool.takeAny(), 99)
  })

  const begins: readonly (readonly [number, number, number])[] = [
    // A /24 of addresses, a /16, the node ports, a range too small to divide.
    [1, 254, 17],
    [1, 65_534, 257],
    [30_000, 32_767, 30_086],
    [1, 14, 1],
  ]
  for (const [first, last, expected] of begins)
    it(`leaves the beginning of ${first}-${last} to clients`, () =>
      assert.equal(
        first === 30_000 ? dynamicBegin({ first, last }, 32, 128) : dynamicBegin({ first, last }, 16, 256),
        expected,
      ))
})
