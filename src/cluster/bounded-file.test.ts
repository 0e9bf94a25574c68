import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readBounded } from './bounded-file.js'

describe('a file that is named', () => {
  let folder: string
  const at = (name: string) => join(folder, name)
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-bounded-'))
    await writeFile(at('text'), 'hällo')
    await symlink('text', at('link'))
    await symlink('link', at('links'))
    await symlink('loop', at('loop'))
    await symlink('nowhere', at('dangling'))
    await writeFile(at('large'), '')
    await truncate(at('large'), 17 * 1024 * 1024)
    const made = spawn('mkfifo', [at('pipe')])
    await once(made, 'exit')
  })
  after(() => rm(folder, { recursive: true }))

  it('is read through links, as mounted secrets are', async () => {
    for (const name of ['text', 'link', 'links']) assert.equal(await readBounded(at(name)), 'hällo')
  })

  it('may be a pipe', async () => {
    const reading = readBounded(at('pipe'))
    await writeFile(at('pipe'), 'piped')
    assert.equal(await reading, 'piped')
  })

  const refused: [string, string | (() => string), RegExp][] = [
    ['a link to itself', () => at('loop'), /ELOOP/],
    ['a link to nothing', () => at('dangling'), /ENOENT/],
    ['a folder', () => folder, /EISDIR/],
    ['what is too large', () => at('large'), /larger than 16 MiB/],
    ['a device without an end', '/dev/zero', /larger than 16 MiB/],
  ]
  for (const [what, path, why] of refused)
    it(`is refused: ${what}`, () => assert.rejects(readBounded(typeof path === 'string' ? path : path()), why))
})
