import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Node, Pod } from '../api/core/v1/index.js'
import type { AnyKind } from '../client/controller.js'
import { ManualClock } from '../machinery/clock.js'
import { decodeJson } from '../schema/index.js'
import type { ClusterEvent } from './cluster-event.js'
import { type QueuePlace, SchedulingQueue, type SchedulingQueueOptions } from './scheduling-queue.js'

const pod = (name: string, priority = 0, spec: object = {}): Pod =>
  decodeJson(Pod, {
    metadata: { name, uid: name },
    spec: { priority, containers: [{ name: 'c', image: 'i' }], ...spec },
  }) as Pod

const of = Node as unknown as AnyKind
const nodeAdded: ClusterEvent = { of, changes: ['add'], old: undefined, object: undefined }
const fit = new Set(['Fit'])

function makeQueue(options: Partial<SchedulingQueueOptions> = {}) {
  const clock = new ManualClock()
  const moves: string[] = []
  const moved = (place: QueuePlace, event: string) => moves.push(`${event}: ${place}`)
  const measure = { queued: moved, eventHandled() {} }
  const queue = new SchedulingQueue({ clock, ready: () => {}, measure, ...options })
  return { clock, queue, moves, take: () => queue.take()?.pod.metadata.name }
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
      queue.offer(pod(name, priority))
    assert.deepEqual([take(), take(), take(), take(), take(), take()], ['d', 'b', 'e', 'a', 'c', undefined])
  })

  it('holds a gated pod until its gates are gone', () => {
    const { queue, take, moves } = makeQueue({
      gate: ({ spec }) => (spec.schedulingGates?.length ? 'Gates' : undefined),
      mayHelp: () => false,
    })
    queue.offer(pod('a', 0, { schedulingGates: [{ name: 'g' }] }))
    queue.event(nodeAdded)
    assert.equal(take(), undefined)
    queue.offer(pod('a'))
    assert.equal(take(), 'a')
    assert.deepEqual(moves, ['PodAdd: gated', 'PodUpdatePodSchedulingGatesEliminated: active'])
  })

  it('tries an unschedulable pod again after a change and its back-off, longer each time', () => {
    const { queue, take, clock } = makeQueue()
    queue.offer(pod('a'))
    for (const wait of [1000, 2000, 4000, 8000, 10_000, 10_000]) {
      assert.equal(take(), 'a')
      queue.unschedulable('a', fit)
      clock.advance(wait / 2)
      assert.equal(take(), undefined, 'nothing has changed')
      queue.event(nodeAdded)
      assert.equal(queue.counts().backoff, 1)
      clock.advance(wait / 2 - 1)
      assert.equal(queue.counts().backoff, 1)
      clock.advance(1)
      assert.equal(queue.counts().active, 1)
    }
  })

  it('cuts a back-off short when nobody else wants to be tried', () => {
    const { queue, take } = makeQueue()
    queue.offer(pod('a'))
    take()
    queue.unschedulable('a', fit)
    queue.event(nodeAdded)
    queue.offer(pod('b'))
    assert.deepEqual([take(), take(), take()], ['b', 'a', undefined])
  })

  it('lets a pod whose attempt went wrong wait its time', () => {
    const { queue, take, clock } = makeQueue()
    queue.offer(pod('a'))
    take()
    queue.failed('a')
    queue.event(nodeAdded)
    assert.equal(take(), undefined)
    clock.advance(1000)
    assert.equal(take(), 'a')
  })

  it('moves only pods that the change may help', () => {
    const { queue, take } = makeQueue({ mayHelp: (_, plugins) => plugins.has('Fit') })
    queue.offer(pod('a'))
    queue.offer(pod('b'))
    take()
    take()
    queue.unschedulable('a', fit)
    queue.unschedulable('b', new Set(['Other']))
    queue.event(nodeAdded)
    assert.deepEqual([take(), take()], ['a', undefined])
    assert.deepEqual(queue.rejected(), [['Other', '', 1]])
  })

  it('does not lose a change that comes while the pod is being tried', () => {
    const { queue, take } = makeQueue({ mayHelp: (_, plugins) => plugins.has('Fit') })
    queue.offer(pod('a'))
    queue.offer(pod('b'))
    queue.offer(pod('c'))
    assert.deepEqual([take(), take()], ['a', 'b'])
    queue.event(nodeAdded)
    assert.equal(take(), 'c')
    for (const [name, plugins] of [
      ['a', fit],
      ['b', new Set(['Other'])],
      ['c', fit],
    ] as const)
      queue.unschedulable(name, plugins)
    assert.equal(take(), 'a')
    assert.equal(take(), undefined, 'b is not helped; c was taken after the change')
  })

  it('tries even a forgotten pod again after five minutes', () => {
    const { queue, take, clock, moves } = makeQueue()
    queue.offer(pod('a'))
    take()
    queue.unschedulable('a', fit)
    clock.advance(5 * 60_000)
    assert.equal(take(), 'a')
    assert.equal(moves.at(-1), 'UnschedulableTimeout: active')
  })

  it('forgets a pod that is gone, wherever it waits', () => {
    const { queue, take, clock } = makeQueue()
    for (const name of ['a', 'b', 'c', 'd']) queue.offer(pod(name))
    queue.remove('a')
    assert.deepEqual([take(), take(), take()], ['b', 'c', 'd'])
    queue.failed('b')
    queue.unschedulable('c', fit)
    queue.event(nodeAdded)
    queue.unschedulable('d', fit)
    for (const name of ['b', 'c', 'd']) queue.remove(name)
    clock.advance(10 * 60_000)
    assert.equal(take(), undefined)
  })

  it('tries an unschedulable pod again when it changes itself', () => {
    const { queue, take } = makeQueue()
    queue.offer(pod('a'))
    take()
    queue.unschedulable('a', fit)
    queue.offer(pod('a'))
    assert.equal(take(), undefined)
    queue.offer(pod('a', 0, { tolerations: [{ operator: 'Exists' }] }))
    assert.equal(take(), 'a')
  })

  it('activates a pod whatever it waits for', () => {
    const { queue, take } = makeQueue()
    queue.offer(pod('a'))
    take()
    queue.unschedulable('a', fit)
    queue.activate('a')
    assert.equal(take(), 'a')
  })
})
