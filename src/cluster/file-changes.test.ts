import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { followFiles } from './file-changes.js'

it('tells of files that are replaced, come late, or could not be used the first time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-files-'))
  const alive = setInterval(() => {}, 1000)
  try {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')]
    await writeFile(one, 'a')
    let told = () => {}
    const changes: number[] = []
    const next = () =>
      new Promise<void>(resolve => {
        told = resolve
      })
    const errors: unknown[] = []
    let fails = false
    await using _following = await followFiles([one, two], {
      changed: async () => {
        changes.push(changes.length)
        told()
        if (fails) throw new Error('not yet')
      },
      onError: error => errors.push(error),
    })
    const first = next()
    await writeFile(`${one}.tmp`, 'b')
    await rename(`${one}.tmp`, one)
    await first
    fails = true
    const second = next()
    await writeFile(two, 'c')
    await second
    fails = false
    // What fails is tried again, at once if there is news.
    const third = next()
    await writeFile(join(folder, 'unrelated'), 'x')
    await writeFile(two, 'd')
    await third
    assert.equal(changes.length, 3)
    assert.deepEqual(errors.map(String), ['Error: not yet'])
  } finally {
    clearInterval(alive)
    await rm(folder, { recursive: true })
  }
})
