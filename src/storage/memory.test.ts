import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { memoryStore } from './memory.js'
import { CompactedError } from './store.js'
import { describeStore } from './test-store-suite.js'

describeStore('memory store', async () => {
  const clock = new ManualClock()
  const store = memoryStore({ clock })
  return { store, advance: ms => clock.advance(ms), close: () => store[Symbol.asyncDispose]() }
})

describe('memory store, its history', () => {
  for (const [title, options, kept] of [
    ['is bounded by number', { historyChanges: 100 }, 100],
    ['is bounded by bytes', { historyBytes: 100 * 1200 }, 100],
  ] as const) {
    it(title, async () => {
      await using store = memoryStore(options)
      let revision = await store.create('/a', new Uint8Array(1000))
      for (let i = 0; i < 5000; i++) revision = await store.update('/a', new Uint8Array(1000), revision)
      const oldest = revision - kept
      assert.equal((await store.list('/', { revision: oldest })).entries[0]?.revision, oldest)
      await assert.rejects(store.list('/', { revision: oldest - 1 }), CompactedError)
      const watch = store.watch('/', oldest - 1, new AbortController().signal)[Symbol.asyncIterator]()
      await assert.rejects(watch.next(), new CompactedError(oldest))
    })
  }
})
