import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Change,
  CompactedError,
  type Entry,
  FutureRevisionError,
  KeyExistsError,
  RevisionConflictError,
  type Store,
} from './store.js'

/** A new, empty store for one test. */
export interface StoreFixture {
  readonly store: Store
  /** Closes the store and opens its data again. Absent where the data do not outlive the store. */
  reopen?(): Promise<Store>
  /** Lets the store's time pass. Absent where that cannot be done; then expiry is not tested. */
  advance?(ms: number): void | Promise<void>
  /** Closes the store and removes what it left. */
  close(): PromiseLike<void>
}

/** Tests of all that `Store` promises, for any driver. */
export function describeStore(name: string, open: () => Promise<StoreFixture>): void {
  const test = (title: string, body: (store: Store, fixture: StoreFixture) => Promise<void>) =>
    it(title, { timeout: 60_000 }, async t => {
      const fixture = await open()
      t.after(async () => await fixture.close())
      await body(fixture.store, fixture)
    })

  describe(name, () => {
    describe('entries', () => {
      test('an empty store is at revision 1 and each write takes the next one', async store => {
        assert.equal(await store.revision(), 1)
        assert.equal(await store.create('/a', bytes('1')), 2)
        assert.equal(await store.update('/a', bytes('2'), 2), 3)
        assert.equal(await store.create('/b', bytes('1')), 4)
        assert.equal(await store.delete('/a', 3), 5)
        assert.equal(await store.revision(), 5)
      })

      test('get answers what was written, or undefined', async store => {
        assert.equal(await store.get('/a'), undefined)
        await store.create('/a', bytes('one'))
        assert.deepEqual(plain(await store.get('/a')), ['/a', 'one', 2])
        await store.update('/a', bytes('two'), 2)
        assert.deepEqual(plain(await store.get('/a')), ['/a', 'two', 3])
        await store.delete('/a', 3)
        assert.equal(await store.get('/a'), undefined)
        await store.create('/a', bytes('three'))
        assert.deepEqual(plain(await store.get('/a')), ['/a', 'three', 5])
      })

      test('values are kept byte for byte and stay valid', async store => {
        const all = Uint8Array.from({ length: 256 }, (_, i) => i)
        const large = new Uint8Array(300_000).map((_, i) => i * 31)
        await store.create('/empty', new Uint8Array(0))
        await store.create('/all', all)
        await store.create('/large', large)
        await store.create('/slice', all.subarray(10, 20))
        const empty = await store.get('/empty')
        const read = await store.get('/all')
        const readLarge = await store.get('/large')
        const slice = await store.get('/slice')
        for (let i = 0; i < 50; i++) await store.create(`/other/${i}`, new Uint8Array(5000).fill(i))
        assert.deepEqual(Buffer.from(empty?.value ?? bytes('missing')), Buffer.alloc(0))
        assert.deepEqual(Buffer.from(read?.value ?? []), Buffer.from(all))
        assert.ok(Buffer.from(readLarge?.value ?? []).equals(large))
        assert.deepEqual(Buffer.from(slice?.value ?? []), Buffer.from(all.subarray(10, 20)))
      })

      test('create fails with what holds the key', async store => {
        await store.create('/a', bytes('one'))
        const error = await failure(KeyExistsError, store.create('/a', bytes('two')))
        assert.deepEqual([error.key, plain(error.current)], ['/a', ['/a', 'one', 2]])
        assert.equal(await store.revision(), 2)
      })

      test('update and delete fail with what is there instead', async store => {
        const missing = await failure(RevisionConflictError, store.update('/a', bytes('x'), 1))
        assert.deepEqual([missing.key, missing.current], ['/a', undefined])
        await store.create('/a', bytes('one'))
        await store.update('/a', bytes('two'), 2)
        for (const attempt of [store.update('/a', bytes('x'), 2), store.delete('/a', 2), store.delete('/a', 7)]) {
          const conflict = await failure(RevisionConflictError, attempt)
          assert.deepEqual(plain(conflict.current), ['/a', 'two', 3])
        }
        await store.delete('/a', 3)
        for (const attempt of [
          store.update('/a', bytes('x'), 3),
          store.delete('/a', 3),
          store.delete('/never', 3),
          store.update('/never', bytes('x'), 0),
          store.delete('/never', 0),
          store.delete('', 0),
        ]) {
          assert.equal((await failure(RevisionConflictError, attempt)).current, undefined)
        }
        assert.equal(await store.revision(), 4)
      })

      test('writes sent at once are judged one after the other', async store => {
        const outcomes = await Promise.allSettled([
          store.create('/a', bytes('1')),
          store.create('/a', bytes('2')),
          store.update('/a', bytes('3'), 2),
          store.update('/a', bytes('4'), 2),
          store.delete('/a', 3),
          store.update('/a', bytes('5'), 3),
          store.create('/a', bytes('6')),
        ])
        const told = outcomes.map(outcome => {
          if (outcome.status === 'fulfilled') return outcome.value
          const error: unknown = outcome.reason
          assert.ok(error instanceof KeyExistsError || error instanceof RevisionConflictError)
          return plain(error.current) ?? 'gone'
        })
        assert.deepEqual(told, [2, ['/a', '1', 2], 3, ['/a', '3', 3], 4, 'gone', 5])
        assert.deepEqual(plain(await store.get('/a')), ['/a', '6', 5])
      })

      test('what is not a key, a range or a lifetime is refused', async store => {
        await assert.rejects(store.create('', bytes('x')), RangeError)
        await assert.rejects(store.create('/\ud800', bytes('x')), RangeError)
        await assert.rejects(store.create(`/${'k'.repeat(5000)}`, bytes('x')), RangeError)
        await assert.rejects(store.create('/a', bytes('x'), { ttlSeconds: 0 }), RangeError)
        await assert.rejects(store.create('/a', bytes('x'), { ttlSeconds: Number.NaN }), RangeError)
        await assert.rejects(store.list('/a/', { after: '/b/1' }), RangeError)
        await assert.rejects(store.list('/a/', { limit: -1 }), RangeError)
        await assert.rejects(store.list('/a/', { limit: 1.5 }), RangeError)
        await assert.rejects(store.list('/a/', { revision: -3 }), RangeError)
        assert.equal(await store.revision(), 1)
        const longest = `/${'k'.repeat(1000)}`
        await store.create(longest, bytes('x'))
        assert.equal((await store.get(longest))?.key, longest)
      })
    })

    describe('list', () => {
      test('entries come in the order of their UTF-8 bytes', async store => {
        // U+FF5E sorts behind U+1F600 in UTF-16, before it in UTF-8.
        const keys = ['/', '/A', '/a', '/a/', '/a/b', '/a0', '/b', '/é', '/ﬀ', '/～', '/😀', '/😀/a', '0']
        for (const key of [...keys].reverse()) await store.create(key, bytes(key))
        assert.deepEqual(
          (await store.list('')).entries.map(entry => entry.key),
          keys,
        )
        assert.deepEqual(keysOf(await store.list('/a')), ['/a', '/a/', '/a/b', '/a0'])
        assert.deepEqual(keysOf(await store.list('/a/')), ['/a/', '/a/b'])
        assert.deepEqual(keysOf(await store.list('/😀')), ['/😀', '/😀/a'])
        assert.deepEqual(keysOf(await store.list('/c')), [])
        assert.deepEqual(keysOf(await store.list('/～', { after: '/～' })), [])
      })

      test('a page shows entries, its revision and how many remain', async store => {
        for (let i = 0; i < 10; i++) await store.create(`/p/${i}`, bytes(`${i}`))
        await store.create('/q/0', bytes('x'))
        const first = await store.list('/p/', { limit: 4 })
        assert.deepEqual(keysOf(first), ['/p/0', '/p/1', '/p/2', '/p/3'])
        assert.deepEqual([first.revision, first.remaining], [12, 6])
        assert.deepEqual(plain(first.entries[2]), ['/p/2', '2', 4])
        const second = await store.list('/p/', { limit: 4, after: '/p/3' })
        assert.deepEqual([keysOf(second), second.remaining], [['/p/4', '/p/5', '/p/6', '/p/7'], 2])
        const third = await store.list('/p/', { limit: 4, after: '/p/7' })
        assert.deepEqual([keysOf(third), third.remaining], [['/p/8', '/p/9'], 0])
        assert.equal((await store.list('/p/', { limit: 10 })).remaining, 0)
        assert.equal((await store.list('/p/', { limit: 0 })).entries.length, 10)
        assert.deepEqual(await store.list('/none/', { limit: 3 }), { entries: [], revision: 12, remaining: 0 })
        // The key to start after need not exist.
        assert.deepEqual(keysOf(await store.list('/p/', { after: '/p/5x', limit: 2 })), ['/p/6', '/p/7'])
      })

      test('a list of many entries is complete', async store => {
        const count = 3000
        await Promise.all(Array.from({ length: count }, (_, i) => store.create(`/many/${i}`, bytes(`${i}`))))
        const page = await store.list('/many/')
        assert.equal(page.entries.length, count)
        assert.equal(new Set(keysOf(page)).size, count)
        assert.ok(page.entries.every(entry => entry.key === `/many/${Buffer.from(entry.value)}`))
        assert.equal((await store.list('/many/', { limit: 1 })).remaining, count - 1)
      })

      test('pages of one revision are not disturbed by later writes', async store => {
        for (const key of ['b', 'd', 'f', 'h']) await store.create(`/p/${key}`, bytes('old'))
        const { revision } = await store.list('/p/', { limit: 1 })
        await store.create('/p/a', bytes('new'))
        await store.create('/p/e', bytes('new'))
        await store.update('/p/d', bytes('new'), 3)
        await store.update('/p/d', bytes('newer'), await store.revision())
        await store.delete('/p/f', 4)
        await store.create('/p/f', bytes('again'))
        await store.delete('/p/h', 5)
        await store.create('/p/z', bytes('new'))
        const second = await store.list('/p/', { limit: 2, after: '/p/b', revision })
        assert.deepEqual(second.entries.map(plain), [
          ['/p/d', 'old', 3],
          ['/p/f', 'old', 4],
        ])
        assert.deepEqual([second.revision, second.remaining], [revision, 1])
        const third = await store.list('/p/', { limit: 2, after: '/p/f', revision })
        assert.deepEqual([third.entries.map(plain), third.remaining], [[['/p/h', 'old', 5]], 0])
        assert.deepEqual(keysOf(await store.list('/p/')), ['/p/a', '/p/b', '/p/d', '/p/e', '/p/f', '/p/z'])
      })

      test('a revision that is compacted or yet to come is refused', async store => {
        for (let i = 0; i < 5; i++) await store.create(`/p/${i}`, bytes('x'))
        assert.equal((await failure(FutureRevisionError, store.list('/p/', { revision: 7 }))).currentRevision, 6)
        await failure(FutureRevisionError, store.compact(7))
        await store.compact(4)
        assert.equal((await failure(CompactedError, store.list('/p/', { revision: 3 }))).compactedRevision, 4)
        assert.deepEqual(keysOf(await store.list('/p/', { revision: 4 })), ['/p/0', '/p/1', '/p/2'])
        assert.equal((await store.list('/p/')).entries.length, 5)
        // Compacting less than that, or the same again, changes nothing.
        await store.compact(4)
        await store.compact(2)
        assert.equal((await failure(CompactedError, store.list('/p/', { revision: 3 }))).compactedRevision, 4)
        await store.compact(6)
        assert.equal((await store.list('/p/', { revision: 6 })).entries.length, 5)
      })
    })

    describe('watch', () => {
      test('changes come in order, deletes with what they removed', async store => {
        await store.create('/a', bytes('1'))
        await store.update('/a', bytes('2'), 2)
        await store.delete('/a', 3)
        await store.create('/a', bytes('3'))
        assert.deepEqual(await take(store, '/', 1, 4), [
          ['put', '/a', '1', 2],
          ['put', '/a', '2', 3, 'was', '1', 2],
          ['delete', '/a', 4, 'was', '2', 3],
          ['put', '/a', '3', 5],
        ])
        assert.deepEqual(await take(store, '/', 3, 2), [
          ['delete', '/a', 4, 'was', '2', 3],
          ['put', '/a', '3', 5],
        ])
      })

      test('a watch from now shows what comes, the same way', async store => {
        await store.create('/a', bytes('1'))
        const seen = take(store, '/', 2, 3)
        await store.update('/a', bytes('2'), 2)
        await store.delete('/a', 3)
        await store.create('/a', bytes('3'))
        assert.deepEqual(await seen, [
          ['put', '/a', '2', 3, 'was', '1', 2],
          ['delete', '/a', 4, 'was', '2', 3],
          ['put', '/a', '3', 5],
        ])
      })

      test('a watch shows its prefix only', async store => {
        const seen = take(store, '/a/', 1, 2)
        await store.create('/a', bytes('x'))
        await store.create('/a/1', bytes('x'))
        await store.create('/b/1', bytes('x'))
        await store.create('/a/2', bytes('x'))
        const expected = [
          ['put', '/a/1', 'x', 3],
          ['put', '/a/2', 'x', 5],
        ]
        assert.deepEqual(await seen, expected)
        assert.deepEqual(await take(store, '/a/', 1, 2), expected)
      })

      test('nothing is lost or repeated where the past meets the present', async store => {
        const total = 400
        const writer = (async () => {
          for (let i = 2; i <= total; i++) await store.create(`/${i}`, bytes('x'))
        })()
        const watchers: Promise<number[]>[] = []
        for (let i = 0; i < 20; i++) {
          const from = 1 + Math.floor(((await store.revision()) - 1) / 2)
          watchers.push(revisionsAfter(store, from, total))
        }
        await writer
        for (const revisions of await Promise.all(watchers)) {
          const first = revisions[0] ?? 0
          assert.deepEqual(
            revisions,
            Array.from({ length: total - first + 1 }, (_, i) => first + i),
          )
        }
      })

      test('nothing is lost or repeated whenever a watch begins while writes are under way', async store => {
        const writers = 8
        const total = 1 + writers * 40
        const watchers: Promise<void>[] = []
        const seesAllAfter = async (from: number) =>
          assert.deepEqual(
            await revisionsAfter(store, from, total),
            Array.from({ length: total - from }, (_, i) => from + 1 + i),
          )
        await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            for (let i = 0; i < 40; i++) {
              await store.create(`/${writer}/${i}`, bytes('x'))
              // Not only when a write has just been answered.
              for (let wait = 0; wait < (writer * 40 + i) % 24; wait++) await undefined
              const from = await store.revision()
              if (from < total) watchers.push(seesAllAfter(from))
            }
          }),
        )
        await Promise.all(watchers)
      })

      test('a consumer that is slower than the writers misses nothing', async store => {
        const total = 6000
        const abort = new AbortController()
        const iteration = store.watch('/', 1, abort.signal)[Symbol.asyncIterator]()
        await store.create('/first', bytes('x'))
        const revisions = ((await iteration.next()).value as Change[]).map(revisionOf)
        await Promise.all(Array.from({ length: total }, (_, i) => store.create(`/${i}`, bytes('x'))))
        while (revisions.length <= total) {
          const { done, value } = await iteration.next()
          assert.ok(!done)
          revisions.push(...value.map(revisionOf))
        }
        abort.abort()
        assert.ok((await iteration.next()).done)
        assert.deepEqual(
          revisions,
          Array.from({ length: total + 1 }, (_, i) => i + 2),
        )
      })

      test('a consumer that is too late is told, not cheated', async store => {
        const total = 6000
        const abort = new AbortController()
        const iteration = store.watch('/', 1, abort.signal)[Symbol.asyncIterator]()
        await store.create('/first', bytes('x'))
        const revisions = ((await iteration.next()).value as Change[]).map(revisionOf)
        await Promise.all(Array.from({ length: total }, (_, i) => store.create(`/${i}`, bytes('x'))))
        await store.compact(await store.revision())
        try {
          while (revisions.length <= total)
            revisions.push(...((await iteration.next()).value as Change[]).map(revisionOf))
        } catch (error) {
          assert.ok(error instanceof CompactedError)
        }
        abort.abort()
        assert.deepEqual(
          revisions,
          revisions.map((_, i) => i + 2),
        )
      })

      test('aborting ends the iteration, whatever it is doing', async store => {
        const waiting = new AbortController()
        const end = collect(store.watch('/', 1, waiting.signal))
        await store.create('/a', bytes('x'))
        waiting.abort()
        assert.ok((await end).length <= 1)
        assert.deepEqual(await collect(store.watch('/', 1, AbortSignal.abort())), [])
        const during = new AbortController()
        for await (const changes of store.watch('/', 1, during.signal)) {
          assert.equal(changes.length, 1)
          during.abort()
        }
        for await (const _ of store.watch('/', 1, new AbortController().signal)) break
      })

      test('a start that is compacted or yet to come is refused', async store => {
        for (let i = 0; i < 5; i++) await store.create(`/${i}`, bytes('x'))
        await store.compact(4)
        const signal = new AbortController().signal
        const compacted = await failure(CompactedError, collect(store.watch('/', 3, signal)))
        assert.equal(compacted.compactedRevision, 4)
        assert.deepEqual(await take(store, '/', 4, 2), [
          ['put', '/3', 'x', 5],
          ['put', '/4', 'x', 6],
        ])
        await failure(FutureRevisionError, collect(store.watch('/', 7, signal)))
      })

      test('what a change replaced is known though it was written before the compaction', async store => {
        await store.create('/a', bytes('1'))
        await store.create('/b', bytes('1'))
        await store.create('/c', bytes('1'))
        await store.delete('/c', 4)
        await store.compact(5)
        await store.update('/a', bytes('2'), 2)
        await store.delete('/b', 3)
        const expected = [
          ['put', '/a', '2', 6, 'was', '1', 2],
          ['delete', '/b', 7, 'was', '1', 3],
        ]
        assert.deepEqual(await take(store, '/', 5, 2), expected)
        assert.deepEqual((await store.list('/', { revision: 5 })).entries.map(plain), [
          ['/a', '1', 2],
          ['/b', '1', 3],
        ])
        await store.compact(7)
        assert.deepEqual((await store.list('/')).entries.map(plain), [['/a', '2', 6]])
      })
    })

    describe('expiry', () => {
      const expiring = (title: string, body: (store: Store, fixture: Advancing) => Promise<void>) =>
        test(title, async (store, fixture) => {
          const { advance } = fixture
          if (advance) await body(store, { ...fixture, advance: ms => advance.call(fixture, ms) })
        })

      expiring('an entry goes when its time has passed, not before', async (store, { advance }) => {
        await store.create('/short', bytes('x'), { ttlSeconds: 10 })
        await store.create('/long', bytes('x'), { ttlSeconds: 1000 })
        await store.create('/kept', bytes('x'))
        await advance(9_000)
        await store.create('/more', bytes('x'))
        assert.deepEqual(keysOf(await store.list('/')), ['/kept', '/long', '/more', '/short'])
        const gone = take(store, '/', await store.revision(), 1)
        await advance(2_000)
        assert.deepEqual(await gone, [['delete', '/short', 6, 'was', 'x', 2]])
        assert.deepEqual(keysOf(await store.list('/')), ['/kept', '/long', '/more'])
        const last = take(store, '/', 6, 1)
        await advance(1_000_000)
        assert.deepEqual(await last, [['delete', '/long', 7, 'was', 'x', 3]])
        assert.equal(await store.revision(), 7)
      })

      expiring('a write gives the entry a new lifetime', async (store, { advance }) => {
        await store.create('/renewed', bytes('1'), { ttlSeconds: 10 })
        await store.create('/for-good', bytes('1'), { ttlSeconds: 10 })
        await store.create('/replaced', bytes('1'), { ttlSeconds: 10 })
        await store.create('/plain', bytes('1'))
        await store.update('/renewed', bytes('2'), 2, { ttlSeconds: 100 })
        await store.update('/for-good', bytes('2'), 3)
        await store.delete('/replaced', 4)
        await store.create('/replaced', bytes('2'), { ttlSeconds: 50 })
        const seen = take(store, '/', 9, 2)
        await advance(60_000)
        await advance(60_000)
        assert.deepEqual(await seen, [
          ['delete', '/replaced', 10, 'was', '2', 9],
          ['delete', '/renewed', 11, 'was', '2', 6],
        ])
        assert.deepEqual(keysOf(await store.list('/')), ['/for-good', '/plain'])
      })

      expiring('entries expire that a restart lay between', async (store, { advance, reopen }) => {
        if (!reopen) return
        await store.create('/past', bytes('x'), { ttlSeconds: 10 })
        await store.create('/later', bytes('x'), { ttlSeconds: 100 })
        await store[Symbol.asyncDispose]()
        await advance(20_000)
        const again = await reopen()
        assert.deepEqual(await take(again, '/', 3, 1), [['delete', '/past', 4, 'was', 'x', 2]])
        const later = take(again, '/', 4, 1)
        await advance(100_000)
        assert.deepEqual(await later, [['delete', '/later', 5, 'was', 'x', 3]])
        assert.equal(await again.revision(), 5)
      })

      expiring('very many may expire at once', async (store, { advance }) => {
        const count = 2500
        await Promise.all(
          Array.from({ length: count }, (_, i) => store.create(`/${i}`, bytes('x'), { ttlSeconds: 1 + (i % 7) })),
        )
        const gone = take(store, '/', count + 1, count)
        await advance(10_000)
        assert.equal(new Set((await gone).map(change => change[1])).size, count)
        assert.equal((await store.list('/')).entries.length, 0)
      })
    })

    describe('restart', () => {
      test('everything is there again', async (store, { reopen }) => {
        if (!reopen) return
        for (let i = 0; i < 10; i++) await store.create(`/${i}`, bytes(`${i}`))
        await store.update('/3', bytes('new'), 5)
        await store.delete('/4', 6)
        await store.compact(4)
        const before = await store.list('/')
        const past = await store.list('/', { revision: 8 })
        const seen = await take(store, '/', 4, 9)
        const again = await reopen()
        assert.equal(await again.revision(), 13)
        assert.deepEqual((await again.list('/')).entries.map(plain), before.entries.map(plain))
        assert.deepEqual((await again.list('/', { revision: 8 })).entries.map(plain), past.entries.map(plain))
        assert.deepEqual(await take(again, '/', 4, 9), seen)
        await failure(CompactedError, again.list('/', { revision: 3 }))
        assert.equal(await again.create('/next', bytes('x')), 14)
      })

      test('an empty store reopens empty', async (_, { reopen }) => {
        if (!reopen) return
        const again = await reopen()
        assert.deepEqual(await again.list(''), { entries: [], revision: 1, remaining: 0 })
        assert.equal(await again.create('/a', bytes('x')), 2)
      })
    })

    describe('many at once', () => {
      test('conflicting writers lose no update', async store => {
        const writers = 2000
        const counters = 25
        for (let i = 0; i < counters; i++) await store.create(`/counter/${i}`, bytes('0'))
        const increment = async (key: string) => {
          let current = await store.get(key)
          for (;;) {
            assert.ok(current)
            try {
              return await store.update(key, bytes(`${Number(text(current.value)) + 1}`), current.revision)
            } catch (error) {
              if (!(error instanceof RevisionConflictError)) throw error
              current = error.current
            }
          }
        }
        const revisions = await Promise.all(
          Array.from({ length: writers }, (_, i) => increment(`/counter/${i % counters}`)),
        )
        const { entries } = await store.list('/counter/')
        assert.deepEqual(
          entries.map(entry => text(entry.value)),
          Array.from({ length: counters }, () => `${writers / counters}`),
        )
        assert.equal(new Set(revisions).size, writers)
        assert.equal(await store.revision(), 1 + counters + writers)
      })

      test('readers and watchers agree with the writers', async store => {
        const random = generator(7)
        const seen = revisionsAfter(store, 1, 1500)
        const actor = async () => {
          while ((await store.revision()) < 1500) {
            const key = `/k/${Math.floor(random() * 40)}`
            const current = await store.get(key)
            try {
              if (!current) assert.ok((await store.create(key, bytes('x'))) <= (await store.revision()))
              else if (random() < 0.3) await store.delete(key, current.revision)
              else await store.update(key, bytes('y'), current.revision)
            } catch (error) {
              assert.ok(error instanceof KeyExistsError || error instanceof RevisionConflictError)
            }
            const page = await store.list('/k/')
            assert.ok(page.entries.every(entry => entry.revision <= page.revision))
          }
        }
        await Promise.all(Array.from({ length: 16 }, actor))
        const revisions = await seen
        assert.deepEqual(
          revisions,
          revisions.map((_, i) => i + 2),
        )
      })
    })

    describe('against a model', () => {
      for (const seed of [1, 2, 3]) {
        test(`random writes, seed ${seed}`, async (store, fixture) => {
          const random = generator(seed)
          const pick = (count: number) => Math.floor(random() * count)
          /** The entries at each revision. */
          const states: Map<string, Entry>[] = [new Map(), new Map()]
          const now = () => states[states.length - 1] as Map<string, Entry>
          for (let i = 0; i < 300; i++) {
            const key = `/${'ab'[pick(2)]}/${pick(12)}`
            const current = now().get(key)
            const state = new Map(now())
            const value = bytes(`${i}`)
            let revision: number
            if (!current) revision = await store.create(key, value)
            else if (pick(3) === 0) revision = await store.delete(key, current.revision)
            else revision = await store.update(key, value, current.revision)
            assert.equal(revision, states.length)
            if (current && (await store.get(key)) === undefined) state.delete(key)
            else state.set(key, { key, value, revision })
            states.push(state)
          }
          const compacted = 60
          await store.compact(compacted)
          const stores = [store]
          if (fixture.reopen) stores.push(await fixture.reopen())
          const reader = stores[stores.length - 1] as Store
          for (let i = 0; i < 200; i++) {
            const revision = compacted + pick(states.length - compacted)
            const prefix = ['', '/', '/a/', '/b/', '/b/1'][pick(5)] as string
            const limit = pick(8)
            const after = pick(2) === 0 ? undefined : `${prefix}${pick(12)}`
            const page = await reader.list(prefix, { revision, limit, ...(after !== undefined && { after }) })
            const expected = [...(states[revision] as Map<string, Entry>).values()]
              .filter(entry => entry.key.startsWith(prefix) && (after === undefined || entry.key > after))
              .sort((a, b) => (a.key < b.key ? -1 : 1))
            const shown = limit === 0 ? expected : expected.slice(0, limit)
            assert.deepEqual(page.entries.map(plain), shown.map(plain))
            assert.deepEqual([page.revision, page.remaining], [revision, expected.length - shown.length])
          }
          const changes = await take(reader, '/', compacted, states.length - 1 - compacted)
          for (const [i, change] of changes.entries()) {
            const revision = compacted + 1 + i
            const [type, key] = change
            const before = states[revision - 1]?.get(String(key))
            const then = states[revision]?.get(String(key))
            const was = before ? ['was', text(before.value), before.revision] : []
            assert.deepEqual(
              change,
              then
                ? ['put', key, text(then.value), revision, ...was]
                : [type === 'delete' ? 'delete' : '?', key, revision, ...was],
            )
          }
        })
      }
    })

    describe('closing', () => {
      test('a closed store ends its watches and refuses the rest', async store => {
        await store.create('/a', bytes('x'))
        const watch = collect(store.watch('/', 2, new AbortController().signal))
        const last = store.create('/b', bytes('x'))
        await store[Symbol.asyncDispose]()
        await assert.rejects(watch)
        assert.equal(await last, 3)
        await assert.rejects(store.get('/a'))
        await assert.rejects(store.create('/c', bytes('x')))
        await assert.rejects(store.list('/'))
        await store[Symbol.asyncDispose]()
      })
    })
  })
}

type Advancing = StoreFixture & { advance(ms: number): void | Promise<void> }

const bytes = (content: string): Uint8Array => Buffer.from(content)
const text = (content: Uint8Array): string => Buffer.from(content).toString()
const keysOf = (page: { readonly entries: readonly Entry[] }) => page.entries.map(entry => entry.key)
const revisionOf = (change: Change): number => (change.type === 'put' ? change.entry.revision : change.revision)

function plain(entry: Entry | undefined) {
  return entry && [entry.key, text(entry.value), entry.revision]
}

function plainChange(change: Change): (string | number)[] {
  const was = change.previous ? ['was', text(change.previous.value), change.previous.revision] : []
  return change.type === 'put'
    ? ['put', change.entry.key, text(change.entry.value), change.entry.revision, ...was]
    : ['delete', change.key, change.revision, ...was]
}

async function failure<E extends Error>(
  type: abstract new (...args: never[]) => E,
  attempt: Promise<unknown>,
): Promise<E> {
  try {
    await attempt
  } catch (error) {
    assert.ok(error instanceof type, `${error} is no ${type.name}`)
    return error
  }
  assert.fail(`no ${type.name}`)
}

/** The next `count` changes after `fromRevision`. */
async function take(store: Store, prefix: string, fromRevision: number, count: number) {
  const abort = new AbortController()
  const seen: (string | number)[][] = []
  for await (const changes of store.watch(prefix, fromRevision, abort.signal)) {
    assert.ok(changes.length > 0)
    seen.push(...changes.map(plainChange))
    if (seen.length >= count) break
  }
  abort.abort()
  return seen
}

/** Revisions of all changes after `fromRevision` until one is at or beyond `end`. */
async function revisionsAfter(store: Store, fromRevision: number, end: number): Promise<number[]> {
  const abort = new AbortController()
  const revisions: number[] = []
  for await (const changes of store.watch('/', fromRevision, abort.signal)) {
    revisions.push(...changes.map(revisionOf))
    if ((revisions[revisions.length - 1] ?? 0) >= end) break
  }
  abort.abort()
  return revisions
}

async function collect(watch: AsyncIterable<readonly Change[]>): Promise<Change[]> {
  const all: Change[] = []
  for await (const changes of watch) all.push(...changes)
  return all
}

/** Random numbers in [0, 1) that are the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
