import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { identifyProcess } from '../machinery/process-identity.js'
import { lockFile } from './lock-file.js'

describe('lock file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-lock-'))
  })
  after(() => rm(folder, { recursive: true }))

  test('one at a time', async () => {
    const path = join(folder, 'one.lock')
    let inside = 0
    const work = async () => {
      await using _lock = await lockFile(path, { timeoutMs: 20_000 })
      assert.equal(++inside, 1)
      await new Promise(setImmediate)
      inside--
    }
    await Promise.all(Array.from({ length: 6 }, work))
    assert.deepEqual(
      (await readdir(folder)).filter(name => name.startsWith('one')),
      [],
    )
  })

  test('taken over from the dead, by one', async () => {
    const path = join(folder, 'dead.lock')
    await writeFile(path, JSON.stringify({ ...identifyProcess(process.pid), startTime: '1' }))
    let inside = 0
    const work = async () => {
      await using _lock = await lockFile(path, { timeoutMs: 20_000 })
      assert.equal(++inside, 1)
      await new Promise(setImmediate)
      inside--
    }
    await Promise.all(Array.from({ length: 6 }, work))
  })

  test('not taken from somebody unknown', async () => {
    const path = join(folder, 'kubectl.lock')
    await writeFile(path, '')
    const waits: unknown[] = []
    await assert.rejects(lockFile(path, { timeoutMs: 30, onWait: holder => waits.push(holder) }), {
      name: 'OperatorError',
      message: `${path} is locked`,
      remedy: new RegExp(`Remove ${path}`),
    })
    assert.deepEqual(waits, [undefined])
    assert.deepEqual(
      (await readdir(folder)).filter(name => name.startsWith('kubectl')),
      ['kubectl.lock'],
    )
  })

  test('names the living holder', async () => {
    const path = join(folder, 'held.lock')
    await using _lock = await lockFile(path, { timeoutMs: 0 })
    await assert.rejects(lockFile(path, { timeoutMs: 0 }), { message: `${path} is locked by process ${process.pid}` })
  })

  test('waiting ends with the signal', async () => {
    const path = join(folder, 'abort.lock')
    await using _lock = await lockFile(path, { timeoutMs: 0 })
    const abort = new AbortController()
    await assert.rejects(lockFile(path, { timeoutMs: 60_000, signal: abort.signal, onWait: () => abort.abort() }), {
      name: 'AbortError',
    })
  })
})
