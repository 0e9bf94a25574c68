import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryStore } from '../../storage/memory.js'
import type { Change, Store } from '../../storage/store.js'
import { StoreFeed } from './store-feed.js'
import { encodeForStore } from './stored-object.js'

const thing = (name: string) => encodeForStore({ kind: 'Thing', apiVersion: 'v1', metadata: { name } })
const unexpected = (error: unknown) => {
  throw error
}

describe('store feed', () => {
  it('loads what is there and follows what comes, in every folder', async () => {
    await using store = memoryStore()
    await store.create('/registry/things/a', thing('a'))
    await store.create('/registry/services/specs/x/s', thing('s'))
    await store.create('/registry/unknown/x', thing('x'))
    const feed = new StoreFeed(store)
    const [things, services, custom] = [feed.cache('things'), feed.cache('services/specs'), feed.cache('e.com/widgets')]
    assert.equal(feed.cache('things'), things)
    const stopping = new AbortController()
    await feed.start(stopping.signal, unexpected)
    assert.deepEqual([things.size, services.size, custom.size], [1, 1, 0])
    await store.create('/registry/e.com/widgets/x/w', thing('w'))
    await feed.consistent()
    assert.equal(custom.get('x/w')?.object.metadata.name, 'w')
    assert.equal(feed.revision, await store.revision())
    stopping.abort()
  })

  it('tells who waits in any order', async () => {
    await using store = memoryStore()
    const feed = new StoreFeed(store)
    const stopping = new AbortController()
    await feed.start(stopping.signal, unexpected)
    const told: number[] = []
    const waits = [4, 2, 3, 2].map(async revision => {
      await feed.waitFor(revision)
      assert.ok(feed.revision >= revision)
      told.push(revision)
    })
    for (const name of ['a', 'b', 'c']) await store.create(`/registry/things/${name}`, thing(name))
    await Promise.all(waits)
    assert.deepEqual(told.sort(), [2, 2, 3, 4])
    stopping.abort()
  })

  it('lets nobody wait for what will not come', async () => {
    await using store = memoryStore()
    const feed = new StoreFeed(store)
    const cache = feed.cache('things')
    const stopping = new AbortController()
    await feed.start(stopping.signal, unexpected)
    const queue = await cache.watch({ keyPrefix: '' }, feed.revision, new AbortController().signal)
    const waiting = feed.waitFor(100)
    stopping.abort()
    await assert.rejects(waiting, { code: 503, message: /shutting down/ })
    await assert.rejects(feed.waitFor(100), { code: 503 })
    assert.equal(queue.closed, true)
    assert.match(String(feed.failure), /shutting down/)
  })

  it('reports a store that breaks, once, and answers 503 from then on', async () => {
    let fail = (_: Error) => {}
    const broken = new Promise<never>((_, reject) => {
      fail = reject
    })
    const store = {
      list: async () => ({ entries: [], revision: 1, remaining: 0 }),
      revision: async () => 2,
      async *watch(): AsyncGenerator<readonly Change[]> {
        yield await broken
      },
    } as unknown as Store
    const errors: unknown[] = []
    const feed = new StoreFeed(store)
    await feed.start(new AbortController().signal, error => errors.push(error))
    const waiting = feed.consistent()
    fail(new Error('the disk is on fire'))
    await assert.rejects(waiting, { code: 503, message: 'the store of the API server has failed' })
    await assert.rejects(feed.consistent(), { code: 503 })
    assert.deepEqual(errors.map(String), ['Error: the disk is on fire'])
  })

  it('adds a cache while others write, and misses nothing', async () => {
    await using store = memoryStore()
    const feed = new StoreFeed(store)
    const stopping = new AbortController()
    await feed.start(stopping.signal, unexpected)
    let writing = true
    const names: string[] = []
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        await store.create(`/registry/e.com/widgets/w${i}`, thing(`w${i}`))
        names.push(`w${i}`)
        if (i % 10 === 0) await new Promise(setImmediate)
      }
    })()
    while (names.length < 50) await new Promise(setImmediate)
    const cache = await feed.addLate('e.com/widgets')
    await assert.rejects(feed.addLate('e.com/widgets'), /already/)
    const atFirst = cache.size
    const queue = await cache.watch({ keyPrefix: '' }, feed.revision, new AbortController().signal)
    while (names.length < 200) await new Promise(setImmediate)
    writing = false
    await writer
    await feed.consistent()
    assert.deepEqual(
      cache.list().map(({ object }) => object.metadata.name),
      names.toSorted(),
    )
    queue.close()
    let events = 0
    for await (const batch of queue) events += batch.length
    assert.equal(atFirst + events, names.length)
    feed.remove(cache as never)
    assert.equal([...feed.caches()].length, 0)
    stopping.abort()
  })
})
