import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryStore } from '../memory.js'
import { type Change, KeyExistsError, RevisionConflictError, type Store } from '../store.js'
import { aesGcm } from './aes.js'
import { encryptedStore } from './encrypted-store.js'
import { identity } from './identity.js'
import { prefixed, type Transformer } from './transformer.js'

const keyOf = (byte: number) => Buffer.alloc(32, byte)
const encrypting = (byte: number, ...older: number[]): Transformer => {
  const [first, ...others] = [byte, ...older].map(b => ({
    prefix: `k8s:enc:aesgcm:v1:k${b}:`,
    transformer: aesGcm(keyOf(b)),
  }))
  assert.ok(first)
  return prefixed([first, ...others, { prefix: '', transformer: identity }], 'no matching prefix found')
}

const secret = '/registry/secrets/a/x'
const pod = '/registry/pods/a/x'
const value = (text: string) => Buffer.from(JSON.stringify({ text }))
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

/** A store that encrypts secrets, by whatever `transformer` is at the moment. */
async function world() {
  const below = memoryStore()
  const now: { transformer: Transformer | undefined } = { transformer: encrypting(1) }
  const store = encryptedStore(below, key => (key.startsWith('/registry/secrets/') ? now.transformer : undefined))
  return { below, now, store, [Symbol.asyncDispose]: () => below[Symbol.asyncDispose]() }
}

async function changes(store: Store, count: number): Promise<Change[]> {
  const stopping = new AbortController()
  const seen: Change[] = []
  for await (const batch of store.watch('/registry/', 1, stopping.signal)) {
    seen.push(...batch)
    if (seen.length >= count) stopping.abort()
  }
  return seen
}

const described = (change: Change): string => {
  const previous = change.previous ? ` was ${textOf(change.previous.value)}` : ''
  return change.type === 'put'
    ? `${change.entry.key} ${textOf(change.entry.value)}${previous}`
    : `-${change.key}${previous}`
}

describe('encryptedStore', () => {
  it('shows plain values and keeps encrypted ones', async () => {
    await using w = await world()
    const created = await w.store.create(secret, value('one'))
    const updated = await w.store.update(secret, value('two'), created)
    assert.equal(textOf((await w.store.get(secret))?.value), '{"text":"two"}')
    assert.equal((await w.store.get(secret))?.revision, updated)
    assert.deepEqual(
      (await w.store.list('/registry/')).entries.map(entry => textOf(entry.value)),
      ['{"text":"two"}'],
    )
    assert.match(textOf((await w.below.get(secret))?.value), /^k8s:enc:aesgcm:v1:k1:/)
    await w.store.delete(secret, updated)
    assert.equal(await w.store.get(secret), undefined)
    assert.deepEqual((await changes(w.store, 3)).map(described), [
      `${secret} {"text":"one"}`,
      `${secret} {"text":"two"} was {"text":"one"}`,
      `-${secret} was {"text":"two"}`,
    ])
  })

  it('leaves all others alone', async () => {
    await using w = await world()
    const given = value('one')
    await w.store.create(pod, given)
    assert.equal((await w.below.get(pod))?.value, given)
    assert.equal((await w.store.get(pod))?.value, given)
    const page = await w.below.list('/registry/')
    assert.equal((await w.store.list('/registry/')).entries[0], page.entries[0])
  })

  it('hands watchers the very bytes that were written', async () => {
    await using w = await world()
    const given = value('one')
    await w.store.create(secret, given)
    const [change] = await changes(w.store, 1)
    assert.equal(change?.type === 'put' && change.entry.value, given)
  })

  it('shows who lost a race what won', async () => {
    await using w = await world()
    const revision = await w.store.create(secret, value('one'))
    const won = (error: unknown) => {
      assert.ok(error instanceof KeyExistsError || error instanceof RevisionConflictError)
      assert.equal(textOf(error.current?.value), '{"text":"one"}')
      return true
    }
    await assert.rejects(w.store.create(secret, value('two')), won)
    await assert.rejects(w.store.update(secret, value('two'), revision + 1), won)
    await assert.rejects(w.store.delete(secret, revision + 1), won)
    await assert.rejects(w.store.update('/registry/secrets/a/none', value('two'), 1), RevisionConflictError)
  })

  it('tells what would be written otherwise today', async () => {
    await using w = await world()
    await w.store.create(secret, value('one'))
    await w.store.create(pod, value('one'))
    assert.equal(await w.store.isStale(secret), false)
    w.now.transformer = encrypting(2, 1)
    assert.equal(await w.store.isStale(secret), true)
    assert.equal(await w.store.isStale(pod), false)
    assert.equal(await w.store.isStale('/registry/secrets/a/none'), false)
    w.now.transformer = encrypting(2)
    assert.equal(await w.store.isStale(secret), false)
  })

  for (const [title, transformer, message] of [
    ['with the wrong keys', encrypting(2), 'identity transformer|no matching prefix found'],
    ['without any', undefined, 'identity transformer tried to read encrypted data'],
  ] as const)
    it(`says what it cannot read ${title}, and reads the rest`, async () => {
      await using w = await world()
      await w.store.create(secret, value('one'))
      const other = await w.below.create('/registry/secrets/a/y', value('plain'))
      w.now.transformer = transformer
      const fresh = encryptedStore(w.below, key => (key.startsWith('/registry/secrets/') ? transformer : undefined))
      const { entries } = await fresh.list('/registry/secrets/')
      assert.match(entries[0]?.fault?.message ?? '', new RegExp(message))
      assert.equal(entries[0]?.value.length, 0)
      assert.deepEqual(entries[1], { key: '/registry/secrets/a/y', value: value('plain'), revision: other })
      const [change] = await changes(fresh, 2)
      assert.ok(change?.type === 'put' && change.entry.fault)
    })

  it('waits for a transformer that takes time', async () => {
    await using w = await world()
    await w.store.create(secret, value('one'))
    const { transformer } = w.now
    assert.ok(transformer)
    const slow: Transformer = {
      toStorage: (plain, key) => transformer.toStorage(plain, key),
      fromStorage: async (stored, key) => transformer.fromStorage(stored, key),
    }
    const fresh = encryptedStore(w.below, () => slow)
    assert.equal(textOf((await fresh.get(secret))?.value), '{"text":"one"}')
    assert.equal(textOf((await fresh.list('/registry/')).entries[0]?.value), '{"text":"one"}')
    assert.deepEqual((await changes(fresh, 1)).map(described), [`${secret} {"text":"one"}`])
  })

  it('refuses to write what cannot be encrypted', async () => {
    await using w = await world()
    w.now.transformer = {
      fromStorage: stored => ({ bytes: stored, stale: false }),
      toStorage() {
        throw new Error('no key')
      },
    }
    await assert.rejects(w.store.create(secret, value('one')), { message: 'no key' })
    assert.equal(await w.below.get(secret), undefined)
  })
})
