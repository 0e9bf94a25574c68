import assert from 'node:assert/strict'
import { closeSync, writeSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { noteInLog, openLog, rotateLog, tailLog } from './log-file.js'

describe('log file', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-log-'))
    path = join(folder, 'a.log')
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('rotates under a writer that never lets go', async () => {
    const log = openLog(path)
    try {
      for (const round of ['one', 'two', 'three', 'four']) {
        writeSync(log, `${round}\n`)
        assert.equal(await rotateLog(path, { maxBytes: 100, keep: 2 }), false)
        assert.equal(await rotateLog(path, { maxBytes: 2, keep: 2 }), true)
      }
      writeSync(log, 'five\n')
    } finally {
      closeSync(log)
    }
    const read = (name: string) => readFile(join(folder, name), 'utf8')
    assert.deepEqual((await readdir(folder)).sort(), ['a.log', 'a.log.1', 'a.log.2'])
    assert.deepEqual(
      [await read('a.log'), await read('a.log.1'), await read('a.log.2')],
      ['five\n', 'four\n', 'three\n'],
    )
  })

  test('may keep nothing', async () => {
    await writeFile(path, 'long')
    assert.equal(await rotateLog(path, { maxBytes: 2, keep: 0 }), true)
    assert.deepEqual(await readdir(folder), ['a.log'])
    assert.equal(await readFile(path, 'utf8'), '')
  })

  test('one that is not there needs nothing', async () => {
    assert.equal(await rotateLog(path, { maxBytes: 2, keep: 2 }), false)
    assert.deepEqual(await tailLog(path), [])
  })

  test('its end', async () => {
    await writeFile(path, `${'x'.repeat(20_000)}\n1\n2\n3\n`)
    assert.deepEqual(await tailLog(path, { lines: 2 }), ['2', '3'])
    assert.deepEqual(await tailLog(path, { offset: 20_003 }), ['2', '3'])
    // Rotated since: all of it is new.
    await writeFile(path, 'new\n')
    assert.deepEqual(await tailLog(path, { offset: 20_003 }), ['new'])
  })

  test('notes stand out', async () => {
    noteInLog(path, 'a note')
    assert.match(await readFile(path, 'utf8'), /^\[t8s \d{4}-.*Z\] a note\n$/)
  })
})
