import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aesGcm, encryptedStore, identity, prefixed, type Transformer } from '../../storage/encryption/index.js'
import { memoryStore } from '../../storage/memory.js'
import type { CacheEvent } from './cache-event.js'
import { registryRoot } from './resource-cache.js'
import { StoreFeed } from './store-feed.js'
import { encodeForStore } from './stored-object.js'

const prefix = `${registryRoot}things/`
const thing = (name: string) =>
  encodeForStore({ kind: 'Thing', apiVersion: 'v1', metadata: { name, namespace: name.slice(0, 1) } })
const keyed = (byte: number): Transformer =>
  prefixed(
    [
      { prefix: `k8s:enc:aesgcm:v1:k${byte}:`, transformer: aesGcm(Buffer.alloc(32, byte)) },
      { prefix: '', transformer: identity },
    ],
    'no matching prefix found',
  )
const lost = 'no matching prefix found'
const listed = (name: string) => ({
  code: 500,
  message: `Internal error occurred: unable to transform key "${prefix}${name}": ${lost}`,
})

/** A cache of a store whose key is `key.now`; `a1` is encrypted with key 1, `b1` is not encrypted. */
async function world(first: number) {
  const below = memoryStore()
  const key = { now: keyed(1) }
  await encryptedStore(below, () => key.now).create(`${prefix}a/a1`, thing('a1'))
  await below.create(`${prefix}b/b1`, thing('b1'))
  // Another one: the first still knows what it has written.
  const store = encryptedStore(below, () => key.now)
  key.now = keyed(first)
  const feed = new StoreFeed(store)
  const cache = feed.cache('things')
  const events: string[] = []
  cache.observe(({ type, key: name }: CacheEvent) => events.push(`${type} ${name}`))
  const stopping = new AbortController()
  await feed.start(stopping.signal, error => {
    throw error
  })
  return {
    below,
    key,
    store,
    feed,
    cache,
    events,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await below[Symbol.asyncDispose]()
    },
  }
}

describe('objects that cannot be made out', () => {
  it('are errors, and all others are there', async () => {
    await using w = await world(2)
    assert.throws(() => w.cache.get('a/a1'), { code: 500, message: `Internal error occurred: ${lost}` })
    for (const place of ['', 'a/', 'a/a1']) assert.throws(() => w.cache.list(place), listed('a/a1'), place)
    assert.equal(w.cache.get('b/b1')?.object.metadata.name, 'b1')
    assert.equal(w.cache.list('b/').length, 1)
    assert.equal(w.cache.get('a/none'), undefined)
    assert.deepEqual(w.cache.unreadable, ['a/a1'])
  })

  it('come when their key does, and whoever counts hears of it', async () => {
    await using w = await world(2)
    await w.feed.recover()
    assert.throws(() => w.cache.list(''))
    w.key.now = keyed(1)
    await w.feed.recover()
    assert.deepEqual(
      w.cache.list('').map(({ object }) => object.metadata.name),
      ['a1', 'b1'],
    )
    assert.deepEqual([w.cache.unreadable, w.events], [[], ['ADDED a/a1']])
  })

  it('can be replaced and removed', async () => {
    await using w = await world(2)
    const revision = w.cache.unreadableAt('a/a1') ?? 0
    await w.feed.waitFor(await w.store.update(`${prefix}a/a1`, thing('a1'), revision))
    assert.equal(w.cache.get('a/a1')?.object.metadata.name, 'a1')
    await using other = await world(2)
    await other.feed.waitFor(await other.store.delete(`${prefix}a/a1`, revision))
    assert.equal(other.cache.get('a/a1'), undefined)
    assert.deepEqual([other.cache.list('').length, other.events], [1, []])
  })

  it('end watches when they become so, which begin anew with an error', async () => {
    await using w = await world(1)
    const from = w.feed.revision
    const watching = await w.cache.watch({ keyPrefix: '' }, from, new AbortController().signal)
    const broken = Buffer.from('k8s:enc:aesgcm:v1:k9:no data')
    await w.feed.waitFor(
      await w.below.update(`${prefix}b/b1`, broken, (await w.store.get(`${prefix}b/b1`))?.revision ?? 0),
    )
    assert.equal(watching.ended, true)
    assert.deepEqual(w.events, ['DELETED b/b1'])
    assert.throws(() => w.cache.list(''), listed('b/b1'))
    await assert.rejects(w.cache.watch({ keyPrefix: '' }, from, new AbortController().signal), { code: 410 })
    const later = await w.cache.watch({ keyPrefix: '' }, w.feed.revision, new AbortController().signal)
    assert.equal(later.ended, false)
  })

  it('are also what is no object at all', async () => {
    await using w = await world(1)
    await w.feed.waitFor(await w.below.create(`${prefix}c/c1`, Buffer.from('not JSON')))
    assert.throws(() => w.cache.get('c/c1'), { code: 500, message: /a stored object lacks its metadata/ })
    assert.equal(w.cache.get('a/a1')?.object.metadata.name, 'a1')
  })
})
