import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ManualClock } from '../machinery/clock.js'
import { WorkQueue } from './work-queue.js'

function held(concurrency = 1) {
  const clock = new ManualClock()
  const log: string[] = []
  const holds = new Map<string, () => void>()
  const queue = new WorkQueue({
    clock,
    concurrency,
    random: () => 0,
    work: key =>
      new Promise(resolve => {
        log.push(key)
        holds.set(key, resolve)
      }),
  })
  const finish = async (key: string) => {
    holds.get(key)?.()
    holds.delete(key)
    await turn()
    await turn()
  }
  return { clock, log, queue, finish }
}

describe('work queue', () => {
  test('a key added several times is worked on once', async () => {
    const { log, queue, finish } = held()
    for (const key of ['a', 'b', 'a', 'a', 'b']) queue.add(key)
    await turn()
    await finish('a')
    await finish('b')
    assert.deepEqual(log, ['a', 'b'])
    assert.equal(queue.idle, true)
  })

  test('a key added while it is worked on is worked on again, not at the same time', async () => {
    const { log, queue, finish } = held(4)
    queue.add('a')
    await turn()
    queue.add('a')
    queue.add('a')
    await turn()
    assert.deepEqual(log, ['a'])
    await finish('a')
    assert.deepEqual(log, ['a', 'a'])
    await finish('a')
    assert.equal(queue.idle, true)
  })

  test('so many keys at a time, in the order they came', async () => {
    const { log, queue, finish } = held(2)
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
    await turn()
    assert.deepEqual(log, ['a', 'b'])
    await finish('b')
    assert.deepEqual(log, ['a', 'b', 'c'])
    await finish('a')
    assert.deepEqual(log, ['a', 'b', 'c', 'd'])
    await finish('c')
    await finish('d')
  })

  test('a delayed key comes when its time has come, at the earliest time asked for, and not if it came before', async () => {
    const { clock, log, queue, finish } = held()
    queue.addAfter('a', 1000)
    queue.addAfter('a', 500)
    queue.addAfter('a', 2000)
    queue.addAfter('b', 700)
    clock.advance(499)
    await turn()
    assert.deepEqual(log, [])
    clock.advance(1)
    await turn()
    await finish('a')
    queue.add('b')
    await turn()
    await finish('b')
    clock.advance(5000)
    await turn()
    assert.deepEqual(log, ['a', 'b'])
  })

  test('failures wait longer and longer until the key is well', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    const start = clock.now()
    let broken = true
    const queue: WorkQueue = new WorkQueue({
      clock,
      random: () => 0,
      backOff: { initial: 5, maximum: 40 },
      work: async key => {
        times.push(clock.now() - start)
        if (broken) queue.retry(key)
        else queue.forget(key)
      },
    })
    queue.add('a')
    await turn()
    for (let i = 0; i < 100; i++) {
      clock.advance(1)
      await turn()
    }
    assert.deepEqual(times, [0, 5, 15, 35, 75])
    assert.equal(queue.failures('a'), 5)
    broken = false
    clock.advance(100)
    await turn()
    await turn()
    assert.equal(queue.failures('a'), 0)
  })

  test('tries that changes bring before their time make a key wait no longer', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    const start = clock.now()
    const queue: WorkQueue = new WorkQueue({
      clock,
      random: () => 0,
      backOff: { initial: 10, maximum: 1000 },
      work: async key => {
        times.push(clock.now() - start)
        queue.retry(key)
      },
    })
    queue.add('a')
    await turn()
    for (let i = 0; i < 35; i++) {
      clock.advance(1)
      if (i < 5) queue.add('a')
      await turn()
    }
    assert.deepEqual(times, [0, 1, 2, 3, 4, 5, 10, 30])
    assert.equal(queue.failures('a'), 3)
    await queue[Symbol.asyncDispose]()
  })

  test('a worker that throws does not stop the queue', async () => {
    const done: string[] = []
    const queue = new WorkQueue({
      work: async key => {
        done.push(key)
        if (key === 'a') throw new Error('broken')
      },
    })
    queue.add('a')
    queue.add('b')
    await turn()
    await turn()
    assert.deepEqual(done, ['a', 'b'])
  })

  test('disposing waits for what runs and starts nothing more', async () => {
    const { clock, log, queue, finish } = held()
    queue.add('a')
    queue.add('b')
    queue.addAfter('c', 10)
    await turn()
    queue.add('a')
    const disposed = queue[Symbol.asyncDispose]()
    await finish('a')
    await disposed
    queue.add('d')
    clock.advance(100)
    await turn()
    assert.deepEqual(log, ['a'])
  })

  test('reports its depth, waits and retries', async () => {
    const clock = new ManualClock()
    const reported: string[] = []
    const queue: WorkQueue = new WorkQueue({
      clock,
      work: async key => queue.retry(key),
      metrics: {
        depth: keys => reported.push(`depth ${keys}`),
        waited: ms => reported.push(`waited ${ms}`),
        worked: ms => reported.push(`worked ${ms}`),
        retried: () => reported.push('retried'),
      },
    })
    queue.add('a')
    clock.advance(3)
    await turn()
    assert.deepEqual(reported, ['depth 1', 'depth 0', 'waited 3', 'retried', 'worked 0'])
    await queue[Symbol.asyncDispose]()
  })
})
