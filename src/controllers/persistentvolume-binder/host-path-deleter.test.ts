import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { deleteHostPath } from './host-path-deleter.js'

it('directories are deleted below /tmp alone', async () => {
  const directory = await mkdtemp('/tmp/host-path-')
  try {
    const volume = join(directory, 'volume')
    await mkdir(volume)
    await writeFile(join(volume, 'file'), 'x')
    await deleteHostPath(volume)
    await assert.rejects(access(volume))
    await deleteHostPath(volume)
    await deleteHostPath(join(directory, 'never', 'there'))
    await symlink('/etc', join(directory, 'etc'))
    await assert.rejects(deleteHostPath(join(directory, 'etc', 'nothing-there')), /only supports/)
    for (const path of ['/etc/nothing-there', '/tmp/nothing/../../etc/nothing-there'])
      await assert.rejects(deleteHostPath(path), /only supports/)
  } finally {
    await rm(directory, { recursive: true })
  }
})
