import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pod } from '../api/core/v1/index.js'
import { ManualClock } from '../machinery/clock.js'
import { decodeJson } from '../schema/index.js'
import { SchedulingQueue } from './scheduling-queue.js'

const pod = (name: string, priority = 0, image = 'i'): Pod =>
  decodeJson(Pod, { metadata: { name, uid: name }, spec: { priority, containers: [{ name: 'c', image }] } }) as Pod

function makeQueue() {
  const clock = new ManualClock()
  let woken = 0
  const queue = new SchedulingQueue(clock, () => woken++)
  return { clock, queue, woken: () => woken, take: () => queue.take()?.metadata.name }
}

describe('SchedulingQueue', () => {
  it('takes higher priorities first, and equals in the order they came', () => {
    const { queue, take } = makeQueue()
    for (const [name, priority] of [
      ['a', 0],
      ['b', 5],
      ['c', 0],
      ['d', 9],
      ['e', 5],
    ] as const)
      queue.offer(pod(name, priority), undefined)
    assert.deepEqual([take(), take(), take(), take(), take(), take()], ['d', 'b', 'e', 'a', 'c', undefined])
  })

  it('holds a gated pod until its gates are gone', () => {
    const { queue, take } = makeQueue()
    queue.offer(pod('a'), 'waiting')
    assert.equal(take(), undefined)
    queue.offer(pod('a'), undefined)
    assert.equal(take(), 'a')
  })

  it('tries an unschedulable pod again after a change and its back-off, longer each time', () => {
    const { queue, take, clock } = makeQueue()
    queue.offer(pod('a'), undefined)
    for (const wait of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      assert.equal(take(), 'a')
      queue.unschedulable('a')
      clock.advance(60_000)
      assert.equal(take(), undefined, 'nothing has changed')
      queue.wake()
      clock.advance(wait - 1)
      assert.equal(take(), undefined)
      clock.advance(1)
    }
  })

  it('does not lose a change that comes while the pod is being tried', () => {
    const { queue, take, clock } = makeQueue()
    queue.offer(pod('a'), undefined)
    assert.equal(take(), 'a')
    queue.wake()
    queue.unschedulable('a')
    clock.advance(1000)
    assert.equal(take(), 'a')
  })

  it('tries even a forgotten pod again after five minutes', () => {
    const { queue, take, clock } = makeQueue()
    queue.offer(pod('a'), undefined)
    take()
    queue.unschedulable('a')
    clock.advance(5 * 60_000)
    assert.equal(take(), 'a')
  })

  it('forgets a pod that is gone, wherever it waits', () => {
    const { queue, take, clock } = makeQueue()
    queue.offer(pod('a'), undefined)
    queue.offer(pod('b'), undefined)
    queue.remove('a')
    assert.equal(take(), 'b')
    queue.retry('b')
    queue.remove('b')
    clock.advance(60_000)
    assert.equal(take(), undefined)
  })

  it('tries an unschedulable pod at once when its own spec changes', () => {
    const { queue, take } = makeQueue()
    queue.offer(pod('a'), undefined)
    take()
    queue.unschedulable('a')
    queue.offer(pod('a'), undefined)
    assert.equal(take(), undefined)
    queue.offer(pod('a', 0, 'other'), undefined)
    assert.equal(take(), 'a')
  })
})
