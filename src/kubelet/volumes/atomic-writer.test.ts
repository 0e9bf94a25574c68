import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { now } from '../test-pods.js'
import { writePayload } from './atomic-writer.js'
import { checkHostPath } from './host-path.js'
import { configMapPayload, type Payload, secretPayload } from './payload.js'
import { checkedSubPath, resolveSubPath } from './sub-path.js'

const files = (entries: { readonly [path: string]: string }): Payload =>
  new Map(Object.entries(entries).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o644 }]))

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'volumes-'))
})
after(() => rm(folder, { recursive: true }))

const fresh = async (name: string): Promise<string> => {
  await mkdir(join(folder, name))
  return join(folder, name)
}

describe('writing a volume', () => {
  it('shows files through links', async () => {
    const path = await fresh('a')
    await writePayload(path, files({ top: '1', 'deep/er/file': '2' }), { now })
    assert.equal(await readFile(join(path, 'top'), 'utf8'), '1')
    assert.equal(await readFile(join(path, 'deep/er/file'), 'utf8'), '2')
    assert.equal(await readlink(join(path, 'top')), '..data/top')
    assert.equal(await readlink(join(path, 'deep')), '..data/deep')
  })

  it('replaces all at once, and leaves nothing old', async () => {
    const path = await fresh('b')
    await writePayload(path, files({ a: '1', b: '1' }), { now })
    const first = await readlink(join(path, '..data'))
    await writePayload(path, files({ b: '2', c: '2' }), { now })
    const second = await readlink(join(path, '..data'))
    assert.notEqual(first, second)
    assert.deepEqual((await readdir(path)).sort(), ['..data', second, 'b', 'c'].sort())
    assert.equal(await readFile(join(path, 'b'), 'utf8'), '2')
  })

  it('clears up after a write that was cut off', async () => {
    const path = await fresh('c')
    await mkdir(join(path, '..2025_01_01'))
    await symlink('..2025_01_01', join(path, '..data_tmp'))
    await writeFile(join(path, 'x'), 'not a link')
    await writePayload(path, files({ x: '1' }), { now })
    assert.equal((await readdir(path)).length, 3)
    assert.equal(await readFile(join(path, 'x'), 'utf8'), '1')
  })

  it('gives files the modes and the group they should have', async () => {
    const path = await fresh('d')
    const payload: Payload = new Map([
      ['secret', { data: Buffer.from('x'), mode: 0o400, uid: 1000 }],
      ['sub/other', { data: Buffer.from('x'), mode: 0o666 }],
    ])
    await writePayload(path, payload, { now, ownership: { gid: 2000 } })
    const secret = await stat(join(path, 'secret'))
    assert.deepEqual([secret.mode & 0o7777, secret.uid, secret.gid], [0o440, 1000, 2000])
    assert.equal((await stat(join(path, 'sub/other'))).mode & 0o7777, 0o666)
    assert.equal((await stat(join(path, 'sub'))).gid, 2000)
  })

  for (const path of ['/etc/passwd', '../x', 'a/../../x', '', '..data'])
    it(`refuses ${path || 'nothing'}`, async () =>
      assert.rejects(writePayload(folder, files({ [path]: 'x' }), { now }), { name: 'VolumeError' }))
})

describe('payloads', () => {
  const configMap = { metadata: {}, data: { a: '1', b: '2' }, binaryData: { c: 'AAE=' } }
  const brief = (payload: Payload) =>
    [...payload].map(([path, { data, mode }]) => `${path}=${data.toString('latin1')} ${mode.toString(8)}`)
  it('are all keys, or chosen ones', () => {
    assert.deepEqual(brief(configMapPayload('x', configMap, { mode: 0o644 })), ['a=1 644', 'b=2 644', 'c=\0\u0001 644'])
    const items = [{ key: 'b', path: 'p/q', mode: 0o600 }]
    assert.deepEqual(brief(configMapPayload('x', configMap, { mode: 0o644, items })), ['p/q=2 600'])
    assert.deepEqual(brief(secretPayload('x', { metadata: {}, data: { k: 'aGk=' } }, { mode: 0o400 })), ['k=hi 400'])
  })
  it('may be missing where they are optional', () => {
    const items = [{ key: 'no', path: 'p' }]
    assert.throws(() => configMapPayload('x', undefined, { mode: 0 }), { message: 'configmap "x" not found' })
    assert.throws(() => secretPayload('x', undefined, { mode: 0 }), { message: 'secret "x" not found' })
    assert.throws(() => configMapPayload('x', configMap, { mode: 0, items }), {
      message: 'configmap references non-existent config key: no',
    })
    assert.deepEqual(brief(configMapPayload('x', undefined, { mode: 0, optional: true })), [])
    assert.deepEqual(brief(configMapPayload('x', configMap, { mode: 0, optional: true, items })), [])
  })
})

describe('host paths', () => {
  it('are what they should be', async () => {
    await checkHostPath(join(folder, 'new/er'), 'DirectoryOrCreate')
    await checkHostPath(join(folder, 'new'), 'Directory')
    await checkHostPath(join(folder, 'new/file'), 'FileOrCreate')
    await checkHostPath(join(folder, 'new/file'), 'File')
    await checkHostPath('/dev/null', 'CharDevice')
    await checkHostPath('/nonexistent', '')
  })
  const wrong: readonly (readonly [string, string, string])[] = [
    ['/dev/null', 'File', 'is not a file'],
    ['/nonexistent', 'Directory', 'is not a directory'],
    ['/dev/null', 'Socket', 'is not a socket file'],
    ['/dev/null', 'BlockDevice', 'is not a block device'],
    ['/dev/null', 'DirectoryOrCreate', 'is not a directory'],
  ]
  for (const [path, type, what] of wrong)
    it(`or not: ${path} ${what}`, async () =>
      assert.rejects(checkHostPath(path, type), { message: `hostPath type check failed: ${path} ${what}` }))
})

describe('sub paths', () => {
  it('stay in their volume', async () => {
    const volume = await fresh('v')
    await symlink('/etc', join(volume, 'out'))
    await symlink('real', join(volume, 'in'))
    await mkdir(join(volume, 'real'))
    assert.equal(await resolveSubPath(volume, 'in/new/folder'), join(volume, 'real/new/folder'))
    assert.ok((await stat(join(volume, 'real/new/folder'))).isDirectory())
    await assert.rejects(resolveSubPath(volume, 'out/passwd'), /leads outside/)
    await assert.rejects(resolveSubPath(volume, 'out/new/folder'), /leads outside/)
  })
  for (const path of ['../x', '/x', 'a/../../x', '..'])
    it(`are not ${path}`, () => assert.throws(() => checkedSubPath(path), { name: 'VolumeError' }))
})
