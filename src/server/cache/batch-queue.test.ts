import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchQueue } from './batch-queue.js'

async function all<T>(queue: BatchQueue<T>): Promise<(readonly T[])[]> {
  const batches: (readonly T[])[] = []
  for await (const batch of queue) batches.push(batch)
  return batches
}

describe('batch queue', () => {
  it('hands over what has gathered, in order', async () => {
    const queue = new BatchQueue<number>(10)
    const seen: (readonly number[])[] = []
    const reading = (async () => {
      for await (const batch of queue) seen.push(batch)
    })()
    queue.push(1)
    queue.push(2)
    await new Promise(setImmediate)
    queue.push(3)
    queue.close()
    await reading
    assert.deepEqual(seen, [[1, 2], [3]])
  })

  it('is taken from by hand: what comes later is in what is taken later', async () => {
    const queue = new BatchQueue<number>(10)
    const nothing = queue.take()
    let calls = 0
    queue.whenReady(() => calls++)
    queue.push(1)
    queue.push(2)
    assert.equal(calls, 0)
    await new Promise(setImmediate)
    assert.equal(calls, 1)
    const first = queue.take()
    queue.push(3)
    assert.deepEqual([nothing, first, queue.take(), queue.take()], [[], [1, 2], [3], []])
    queue.close()
    assert.equal(queue.ended, true)
    queue.whenReady(() => calls++)
    await new Promise(setImmediate)
    assert.equal(calls, 2)
  })

  it('still delivers what was pushed before it was closed', async () => {
    const queue = new BatchQueue<number>(10)
    queue.push(1)
    queue.close()
    assert.equal(queue.push(2), false)
    assert.deepEqual(await all(queue), [[1]])
    assert.equal(queue.overflowed, false)
  })

  it('loses everything, and says so, when the consumer falls behind', async () => {
    const queue = new BatchQueue<number>(2)
    assert.deepEqual([queue.push(1), queue.push(2), queue.push(3), queue.push(4)], [true, true, false, false])
    assert.equal(queue.overflowed, true)
    assert.deepEqual(await all(queue), [])
  })

  it('takes nothing more once the consumer has left', async () => {
    const queue = new BatchQueue<number>(2)
    queue.push(1)
    for await (const _ of queue) break
    assert.equal(queue.closed, true)
    assert.equal(queue.push(2), false)
  })

  it('ends a consumer that waits', async () => {
    const queue = new BatchQueue<number>(2)
    const reading = all(queue)
    await new Promise(setImmediate)
    queue.close()
    assert.deepEqual(await reading, [])
  })
})
