import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ManualClock } from '../machinery/clock.js'
import { lmdbStore } from './lmdb.js'
import { describeStore } from './test-store-suite.js'

describeStore('lmdb store', async () => {
  const clock = new ManualClock()
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 't8s-store-'))
  let store = await lmdbStore({ path: directory, clock })
  return {
    store,
    advance: ms => clock.advance(ms),
    async reopen() {
      await store[Symbol.asyncDispose]()
      store = await lmdbStore({ path: directory, clock })
      return store
    },
    async close() {
      await store[Symbol.asyncDispose]()
      fs.rmSync(directory, { recursive: true })
    },
  }
})
