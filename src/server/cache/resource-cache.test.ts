import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiObject } from '../../machinery/object.js'
import { memoryStore } from '../../storage/memory.js'
import type { Change, Entry, Store } from '../../storage/store.js'
import type { BatchQueue } from './batch-queue.js'
import type { Delivery, WatchFilter } from './cache-event.js'
import { EventRing } from './event-ring.js'
import { ResourceCache, registryRoot } from './resource-cache.js'
import { StoreFeed } from './store-feed.js'
import { encodeForStore } from './stored-object.js'

const everything: WatchFilter<ApiObject> = { keyPrefix: '' }
const prefix = `${registryRoot}things/`

const thing = (name: string, labels: Record<string, string> = {}, namespace = 'a') =>
  encodeForStore({ kind: 'Thing', apiVersion: 'v1', metadata: { name, namespace, labels } })

/** A cache that follows a store of its own. */
async function following() {
  const store = memoryStore()
  const feed = new StoreFeed(store)
  const cache = feed.cache('things')
  const stopping = new AbortController()
  await feed.start(stopping.signal, error => {
    throw error
  })
  const put = async (name: string, labels?: Record<string, string>, namespace?: string) => {
    const key = `${prefix}${namespace ?? 'a'}/${name}`
    const current = await store.get(key)
    const value = thing(name, labels, namespace)
    const revision = current ? await store.update(key, value, current.revision) : await store.create(key, value)
    await feed.waitFor(revision)
    return revision
  }
  const remove = async (name: string) => {
    const current = await store.get(`${prefix}a/${name}`)
    const revision = await store.delete(`${prefix}a/${name}`, current?.revision ?? 0)
    await feed.waitFor(revision)
    return revision
  }
  const end = async () => {
    stopping.abort()
    await store[Symbol.asyncDispose]()
  }
  return { store, feed, cache, put, remove, [Symbol.asyncDispose]: end }
}

const shown = (delivery: Delivery): string => {
  if ('bookmark' in delivery) return `BOOKMARK ${delivery.bookmark}${delivery.initialEventsEnd ? ' end' : ''}`
  if ('present' in delivery) return `ADDED ${delivery.present.object.metadata.name}@${delivery.present.revision}`
  const { metadata } = delivery.event.shown(delivery.type).object
  return `${delivery.type} ${metadata.name}@${metadata.resourceVersion} ${Object.values(metadata.labels ?? {}).join(',')}`.trim()
}

/** What a queue holds once it has been closed. */
async function drained(queue: BatchQueue<Delivery>): Promise<string[]> {
  queue.close()
  const texts: string[] = []
  for await (const batch of queue) texts.push(...batch.map(shown))
  return texts
}

const never = new AbortController().signal

describe('resource cache', () => {
  it('lists in byte order, by prefix and by key', async () => {
    await using world = await following()
    for (const [name, namespace] of [
      ['b', 'a'],
      ['a', 'b'],
      ['a', 'a-b'],
      ['ab', 'a'],
      ['a', 'a'],
    ] as const)
      await world.put(name, {}, namespace)
    const keys = (keyPrefix?: string) =>
      world.cache.list(keyPrefix).map(({ object: { metadata } }) => `${metadata.namespace}/${metadata.name}`)
    assert.deepEqual(keys(), ['a-b/a', 'a/a', 'a/ab', 'a/b', 'b/a'])
    assert.deepEqual(keys('a/'), ['a/a', 'a/ab', 'a/b'])
    assert.deepEqual(keys('a/a'), ['a/a', 'a/ab'])
    assert.deepEqual(keys('c/'), [])
    assert.equal(world.cache.size, 5)
  })

  it('watches from now, from the past, and with what is there first', async () => {
    await using world = await following()
    const first = await world.put('a')
    const second = await world.put('b')
    const third = await world.put('a', { v: '2' })
    const initial = await world.cache.watch(everything, { initial: true, bookmark: true }, never)
    const plain = await world.cache.watch(everything, { initial: true, bookmark: false }, never)
    const now = await world.cache.watch(everything, world.feed.revision, never)
    const past = await world.cache.watch(everything, first, never)
    const fourth = await world.remove('b')
    const after = [`DELETED b@${fourth}`]
    assert.deepEqual(await drained(initial), [
      `ADDED a@${third}`,
      `ADDED b@${second}`,
      `BOOKMARK ${third} end`,
      ...after,
    ])
    assert.deepEqual(await drained(plain), [`ADDED a@${third}`, `ADDED b@${second}`, ...after])
    assert.deepEqual(await drained(now), after)
    assert.deepEqual(await drained(past), [`ADDED b@${second}`, `MODIFIED a@${third} 2`, ...after])
  })

  it('shows objects come and go as they begin and cease to be selected', async () => {
    await using world = await following()
    const red: WatchFilter<ApiObject> = {
      keyPrefix: 'a/',
      matches: ({ metadata }) => metadata.labels?.['color'] === 'red',
    }
    const queue = await world.cache.watch(red, world.feed.revision, never)
    await world.put('x', { color: 'blue' })
    const added = await world.put('x', { color: 'red' })
    const changed = await world.put('x', { color: 'red', v: '2' })
    const left = await world.put('x', { color: 'blue', v: '3' })
    await world.put('x', { color: 'green' })
    await world.put('y', { color: 'red' }, 'other')
    const back = await world.put('x', { color: 'red' })
    const gone = await world.remove('x')
    assert.deepEqual(await drained(queue), [
      `ADDED x@${added} red`,
      `MODIFIED x@${changed} red,2`,
      // As it was when it was last selected, at the version that took it out.
      `DELETED x@${left} red,2`,
      `ADDED x@${back} red`,
      `DELETED x@${gone} red`,
    ])
  })

  it('makes a frame once for all watchers', async () => {
    await using world = await following()
    const queues = [
      await world.cache.watch(everything, world.feed.revision, never),
      await world.cache.watch({ keyPrefix: 'a/', matches: () => true }, world.feed.revision, never),
    ]
    const revision = await world.put('a', { k: 'v' })
    const frames: Buffer[] = []
    for (const queue of queues) {
      queue.close()
      for await (const batch of queue)
        for (const delivery of batch) if ('event' in delivery) frames.push(...delivery.event.frame(delivery.type))
    }
    assert.equal(frames.length, 2)
    assert.equal(frames[0], frames[1])
    assert.ok(frames[0]?.toString().endsWith('}\n'))
    assert.deepEqual(JSON.parse(String(frames[0])), {
      type: 'ADDED',
      object: {
        kind: 'Thing',
        apiVersion: 'v1',
        metadata: { name: 'a', namespace: 'a', labels: { k: 'v' }, resourceVersion: String(revision) },
      },
    })
  })

  it('takes what the ring no longer has from the history of the store', async () => {
    await using world = await following()
    const from = world.feed.revision
    const expected: string[] = []
    for (let i = 0; i < 3000; i++) {
      const revision = await world.put(`t${i % 7}`, { i: String(i) })
      expected.push(`${i < 7 ? 'ADDED' : 'MODIFIED'} t${i % 7}@${revision} ${i}`)
    }
    const queue = await world.cache.watch(everything, from, never)
    expected.push(`MODIFIED t0@${await world.put('t0', { i: 'last' })} last`)
    assert.deepEqual(await drained(queue), expected)
  })

  it('answers a 410 for what the store has forgotten', async () => {
    await using world = await following()
    const from = await world.put('a')
    for (let i = 0; i < 2100; i++) await world.put('a', { i: String(i) })
    await world.store.compact(world.feed.revision)
    await assert.rejects(world.cache.watch(everything, from, never), {
      code: 410,
      reason: 'Expired',
      message: /^too old resource version: \d+ \(\d+\)$/,
    })
    assert.equal(world.cache.watcherCount, 0)
  })

  it('frees a watcher when its signal aborts, and when it falls behind', async () => {
    await using world = await following()
    const ending = new AbortController()
    const queue = await world.cache.watch(everything, world.feed.revision, ending.signal)
    assert.equal(world.cache.watcherCount, 1)
    ending.abort()
    assert.equal(world.cache.watcherCount, 0)
    assert.equal(queue.closed, true)

    const slow = await world.cache.watch(everything, world.feed.revision, never)
    for (let i = 0; world.cache.watcherCount > 0; i++) await world.put('a', { i: String(i) })
    assert.equal(slow.overflowed, true)

    const late = await world.cache.watch(everything, world.feed.revision, AbortSignal.abort())
    assert.deepEqual(await drained(late), [])
    assert.equal(world.cache.watcherCount, 0)
  })

  it('ends all watches when asked to', async () => {
    await using world = await following()
    const queue = await world.cache.watch(everything, world.feed.revision, never)
    const revision = await world.put('a')
    world.cache.closeWatchers()
    await world.put('b')
    assert.deepEqual(await drained(queue), [`ADDED a@${revision}`])
  })

  it('takes over what the bytes were made of, and hands back what it made of them', async () => {
    await using world = await following()
    const object = { kind: 'Thing', apiVersion: 'v1', metadata: { name: 't', namespace: 'a', labels: { a: 'b' } } }
    const value = encodeForStore<ApiObject>(object)
    const key = `${prefix}a/t`
    const revision = await world.store.create(key, value)
    await world.feed.waitFor(revision)
    const stored = world.cache.get('a/t')
    assert.equal(value.stored, stored)
    assert.equal(stored?.object.metadata.labels, object.metadata.labels)
    assert.equal(stored?.object.metadata.resourceVersion, String(revision))
    // The store keeps the bytes, but not the object with them.
    assert.equal(value.source, undefined)
    assert.deepEqual(world.cache.read({ key, value, revision }).object, stored?.object)
  })

  it('sends bookmarks with the version of the store, not of the resource', async () => {
    await using world = await following()
    const queue = await world.cache.watch(everything, world.feed.revision, never)
    const revision = await world.store.create(`${registryRoot}others/x`, thing('x'))
    await world.feed.waitFor(revision)
    world.cache.bookmark()
    assert.deepEqual(await drained(queue), [`BOOKMARK ${revision}`])
  })

  it('misses nothing that falls off the ring while the history is read', async () => {
    const entry = (revision: number): Entry => ({ key: `${prefix}a/t`, value: thing('t'), revision })
    const changes = new Map<number, Change>()
    const host = { revision: 1, store: undefined as unknown as Store }
    const cache = new ResourceCache<ApiObject>(prefix, host, new EventRing<ApiObject>(2))
    cache.loaded(1)
    const apply = (count: number) => {
      for (let i = 0; i < count; i++) {
        const change: Change = { type: 'put', entry: entry(++host.revision) }
        changes.set(host.revision, change)
        cache.apply(change)
      }
    }
    let reads = 0
    host.store = {
      async *watch(_prefix: string, from: number) {
        // More is written each time the history is read than the ring can hold.
        const until = host.revision
        if (++reads < 4) apply(20)
        for (let revision = from + 1; revision <= until; revision++) yield [changes.get(revision) as Change]
        await new Promise(() => {})
      },
    } as unknown as Store
    apply(20)
    const queue = await cache.watch(everything, 1, never)
    apply(1)
    const seen = (await drained(queue)).map(text => Number(/@(\d+)/.exec(text)?.[1]))
    assert.deepEqual(
      seen,
      Array.from({ length: host.revision - 1 }, (_, i) => i + 2),
    )
  })
})
