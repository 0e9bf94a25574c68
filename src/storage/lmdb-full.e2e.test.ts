import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { testFolder } from '../machinery/test-folder.js'

/** Runs in a mount namespace of its own, where `directory` is a small disk that goes with the process. */
const program = `
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
const [, folder, directory] = process.argv
const { lmdbStore } = await import(folder + 'lmdb.js')
const { StoreFailedError } = await import(folder + 'store-failures.js')
const path = directory + '/data'
const ballast = directory + '/ballast'
fs.writeFileSync(ballast, Buffer.alloc(1 << 20))
const answered = new Map()
const isFull = error => {
  assert.ok(error instanceof StoreFailedError, error.stack)
  assert.ok(error.usable)
  assert.match(error.message, /^a write could not be stored: (No space left on device|Input\\/output error)/)
  return true
}

let store = await lmdbStore({ path })
let full = false
for (let i = 0; !full; i++) {
  const batch = Array.from({ length: 5 }, (_, j) => '/' + i + '/' + j)
  const outcomes = await Promise.allSettled(batch.map(key => store.create(key, Buffer.alloc(20000, key))))
  for (const [j, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') answered.set(batch[j], outcome.value)
    else full = isFull(outcome.reason)
  }
  if (full) assert.ok(outcomes.every(({ status }) => status === 'rejected'))
}
const check = async () => {
  const { entries, revision } = await store.list('/')
  assert.equal(revision, answered.size + 1)
  assert.deepEqual(new Map(entries.map(entry => [entry.key, entry.revision])), answered)
  for (const { key, value } of entries) assert.ok(Buffer.alloc(20000, key).equals(value))
}
await check()
await assert.rejects(store.create('/large', Buffer.alloc(200000)), isFull)
await store[Symbol.asyncDispose]()

fs.writeFileSync(directory + '/rest', Buffer.alloc(0))
try { for (;;) fs.appendFileSync(directory + '/rest', Buffer.alloc(4096)) } catch (error) { assert.equal(error.code, 'ENOSPC') }
store = await lmdbStore({ path })
await check()
await assert.rejects(store.create('/large', Buffer.alloc(200000)), isFull)
fs.rmSync(directory + '/rest')
fs.rmSync(ballast)
answered.set('/again', await store.create('/again', Buffer.alloc(20000, '/again')))
await check()
await store[Symbol.asyncDispose]()
store = await lmdbStore({ path })
await check()
await store[Symbol.asyncDispose]()

execFileSync('mount', ['-o', 'remount,ro', directory])
await assert.rejects(lmdbStore({ path }), error => {
  assert.ok(error instanceof StoreFailedError)
  assert.match(error.message, /cannot be used: EROFS/)
  return true
})
console.log('entries', answered.size)
`

it('a full disk and a read-only one are reported, and nothing answered is lost', { timeout: 60_000 }, async t => {
  const directory = testFolder()
  t.after(() => fs.rmdirSync(directory))
  const folder = new URL('.', import.meta.url).href
  const script = 'mount -t tmpfs -o size=3m t8s-full "$1" && exec "$2" --input-type=module -e "$3" "$4" "$1"'
  const { stdout } = await promisify(execFile)('unshare', [
    '--mount',
    ...['sh', '-c', script, 'sh', directory, process.execPath, program, folder],
  ])
  const [, entries] = /^entries (\d+)\n$/.exec(stdout) ?? []
  assert.ok(Number(entries) > 10, stdout)
})
