import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chainIdOf, mountCommand } from './image-mounts.js'

describe('mounting an image', () => {
  const snapshots = '/var/lib/t8s/io.containerd.snapshotter.v1.overlayfs/snapshots'
  for (const [what, mount, args, cwd] of [
    [
      'one layer',
      { type: 'bind', source: `${snapshots}/3/fs`, options: ['ro', 'rbind'] },
      ['--bind', '-o', 'ro', `${snapshots}/3/fs`, '/v'],
      '/',
    ],
    [
      'one layer that could be written to',
      { type: 'bind', source: '/native/3', options: ['rw', 'rbind'] },
      ['--bind', '-o', 'ro', '/native/3', '/v'],
      '/',
    ],
    [
      'two layers',
      { type: 'overlay', source: 'overlay', options: ['index=off', `lowerdir=${snapshots}/12/fs:${snapshots}/7/fs`] },
      ['-t', 'overlay', '-o', 'ro,index=off,lowerdir=12/fs:7/fs', 'overlay', '/v'],
      snapshots,
    ],
    [
      'layers in different places',
      { type: 'overlay', source: 'overlay', options: ['lowerdir=/a/1/fs:/b/2/fs'] },
      ['-t', 'overlay', '-o', 'ro,lowerdir=1/fs:/b/2/fs', 'overlay', '/v'],
      '/a',
    ],
  ] as const)
    it(what, () => assert.deepEqual(mountCommand(mount, '/v'), { args, cwd }))

  it('knows where its layers lie', () => {
    assert.equal(chainIdOf('{"chainID":"sha256:1","imageSpec":{}}'), 'sha256:1')
    assert.throws(() => chainIdOf('{}'), /does not say where the image is/)
  })
})
