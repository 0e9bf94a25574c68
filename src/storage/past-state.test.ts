import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { PastState, PastStates } from './past-state.js'

/** Revisions of the keys at revision 10; then come a change, a removal, a new key, and one that was there briefly. */
const then: [string, number][] = [
  ['/a', 3],
  ['/b', 4],
  ['/c', 5],
  ['/d', 6],
]
const now: [string, number][] = [
  ['/a', 3],
  ['/aa', 13],
  ['/b', 11],
  ['/d', 6],
]

function pastState(): PastState<number> {
  const past = new PastState<number>(10)
  past.apply('/b', 11, 4, true)
  past.apply('/c', 12, 5, false)
  past.apply('/aa', 13, undefined, true)
  past.apply('/e', 14, undefined, true)
  past.apply('/e', 15, 14, false)
  return past
}

describe('a past state', () => {
  it('is what there is now, but for what was written since', () => {
    assert.deepEqual([...pastState().merge(now, '/', undefined)], then)
    assert.deepEqual(
      [...pastState().merge(now.slice(2), '/', '/aa')],
      then.filter(([key]) => key > '/aa'),
    )
    assert.deepEqual(
      [...pastState().merge(now.slice(0, 2), '/a', undefined)],
      then.filter(([key]) => key.startsWith('/a')),
    )
    assert.deepEqual([...new PastState<number>(15).merge(now, '/', undefined)], now)
  })

  it('counts what there was more', () => {
    assert.equal(pastState().excess('/', '/'), 0)
    assert.equal(pastState().excess('/', '/aa'), 1)
    assert.equal(pastState().excess('/', '/c'), 0)
    assert.equal(pastState().excess('/a', '/a'), -1)
    assert.equal(pastState().through, 15)
  })

  it('stays the same for a walk under way while it learns of more', () => {
    const past = pastState()
    const walk = past.merge(now, '/', undefined)
    const seen = [walk.next().value]
    past.apply('/d', 16, 6, false)
    past.apply('/b', 17, 11, false)
    past.apply('/0', 18, undefined, true)
    past.apply('/cc', 19, undefined, true)
    assert.deepEqual([...seen, ...walk], then)
  })
})

describe('past states', () => {
  it('are kept while they are used, a few of them', () => {
    const clock = new ManualClock()
    using states = new PastStates<number>(clock)
    const first = states.at(1)
    for (const revision of [2, 3, 4]) states.at(revision)
    assert.equal(states.at(1), first)
    states.at(5)
    assert.equal(states.at(1), first)
    const [second, third] = [states.at(2), states.at(3)]
    states.forgetBefore(3)
    assert.equal(states.at(3), third)
    assert.notEqual(states.at(2), second)
    clock.advance(59_000)
    assert.equal(states.at(3), third)
    clock.advance(59_000)
    assert.equal(states.at(3), third)
    clock.advance(61_000)
    assert.notEqual(states.at(3), third)
  })
})
