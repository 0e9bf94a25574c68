import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApiObject } from '../../machinery/object.js'
import type { StoredForm } from '../../machinery/resource.js'
import { memoryStore } from '../../storage/memory.js'
import { ConvertedCache } from './converted-cache.js'
import { StoreFeed } from './store-feed.js'
import { encodeForStore } from './stored-object.js'

interface Things extends ApiObject {
  readonly kind: string
  readonly apiVersion: string
  readonly size: number
}

/** Kept with a text, served with a number. */
const form: StoredForm<Things> = {
  kind: undefined as never,
  read: stored => ({
    kind: 'Thing',
    apiVersion: 'v2',
    metadata: stored.metadata,
    size: (stored as unknown as { text: string }).text.length,
  }),
  write: ({ metadata, size }) => ({ kind: 'Thing', apiVersion: 'v1', metadata, text: 'x'.repeat(size) }) as ApiObject,
}

const key = '/registry/things/a/x'
const kept = (size: number) =>
  encodeForStore(form.write({ kind: 'Thing', apiVersion: 'v2', metadata: { name: 'x', namespace: 'a' }, size }))

async function following() {
  const store = memoryStore()
  const feed = new StoreFeed(store)
  const cache = new ConvertedCache(feed.cache('things'), form)
  const stopping = new AbortController()
  await feed.start(stopping.signal, error => {
    throw error
  })
  const written = async (revision: Promise<number>) => {
    await feed.waitFor(await revision)
    return revision
  }
  const end = async () => {
    stopping.abort()
    await store[Symbol.asyncDispose]()
  }
  return { store, cache, written, stopping, [Symbol.asyncDispose]: end }
}

describe('converted cache', () => {
  it('shows what is kept in another form, converted once', async () => {
    await using world = await following()
    const revision = await world.written(world.store.create(key, kept(3)))
    const found = world.cache.get('a/x')
    assert.deepEqual(found?.object, {
      kind: 'Thing',
      apiVersion: 'v2',
      metadata: { resourceVersion: String(revision), name: 'x', namespace: 'a' },
      size: 3,
    })
    assert.deepEqual(JSON.parse(String(found?.json)), found?.object)
    assert.equal(world.cache.list()[0], found)
    assert.equal(world.cache.get('a/y'), undefined)
    assert.equal(world.cache.read({ key: '/registry/things/a/x', value: kept(5), revision: 7 }).object.size, 5)
    assert.equal(world.cache.prefix, '/registry/things/')
  })

  it('watches and selects in its own form', async () => {
    await using world = await following()
    const deliveries = await world.cache.watch(
      { keyPrefix: '', matches: ({ size }) => size > 1 },
      { initial: true, bookmark: true },
      world.stopping.signal,
    )
    const observed: string[] = []
    world.cache.observe(({ type, stored }) => observed.push(`${type} ${stored.object.size}`))
    let at = await world.written(world.store.create(key, kept(1)))
    at = await world.written(world.store.update(key, kept(2), at))
    at = await world.written(world.store.update(key, kept(3), at))
    at = await world.written(world.store.update(key, kept(1), at))
    await world.written(world.store.delete(key, at))
    world.stopping.abort()
    const seen: string[] = []
    for await (const batch of deliveries)
      for (const delivery of batch)
        if ('event' in delivery) seen.push(`${delivery.type} ${delivery.event.shown(delivery.type).object.size}`)
        else if ('bookmark' in delivery) seen.push('BOOKMARK')
    assert.deepEqual(seen, ['BOOKMARK', 'ADDED 2', 'MODIFIED 3', 'DELETED 3'])
    assert.deepEqual(observed, ['ADDED 1', 'MODIFIED 2', 'MODIFIED 3', 'MODIFIED 1', 'DELETED 1'])
    assert.equal(deliveries.overflowed, false)
  })
})
