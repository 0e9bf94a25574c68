import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Capabilities, hasCapability } from './capabilities.js'
import { type AdoptionFacts, adoption, startContainerd } from './containerd.js'
import { deleteContainerd } from './containerd-removal.js'
import { findProcesses } from './find-processes.js'
import { mountsBelow, parseMountInfo } from './mounts.js'
import { parseLdd } from './program-files.js'

test('decides what to do about a containerd that may run', () => {
  const record = { process: { pid: 7, startTime: '1', bootId: 'b' }, fingerprint: 'same' }
  const running: AdoptionFacts = { record, alive: true, fingerprint: 'same', answering: true, taken: false }
  const cases: readonly (readonly [Partial<AdoptionFacts>, ReturnType<typeof adoption>])[] = [
    [{}, 'adopt'],
    [{ fingerprint: 'other' }, 'replace'],
    [{ answering: false }, 'replace'],
    [{ alive: false }, 'start'],
    [{ alive: false, taken: true }, 'refuse'],
    [{ record: undefined, alive: false }, 'start'],
    [{ record: undefined, alive: false, taken: true }, 'refuse'],
  ]
  for (const [facts, expected] of cases) {
    assert.equal(adoption({ ...running, ...facts }), expected, JSON.stringify(facts))
  }
})

test('refuses socket paths that Linux cannot have', async () => {
  const state = `/tmp/${'x'.repeat(100)}`
  const options = { root: '/tmp/root', state, sandboxImage: 'p', cniConfDir: '/tmp/c' }
  await assert.rejects(startContainerd(options), /too long/)
})

test('refuses to delete what cannot be meant', async () => {
  for (const folder of ['/', '/var', 'relative/path', '/var/lib/../..', '/a/']) {
    const options = { root: folder, state: '/tmp/none/state', sandboxImage: 'p', cniConfDir: '/tmp/none' }
    await assert.rejects(deleteContainerd(options), /no folder that can be deleted/, folder)
  }
})

test('reads capabilities in effect', () => {
  const status = (mask: string) =>
    `Name:\tnode\nCapInh:\tffffffffffffffff\nCapEff:\t${mask}\nCapBnd:\tffffffffffffffff\n`
  assert.equal(hasCapability(status('000001ffffffffff'), Capabilities.sysResource), true)
  assert.equal(hasCapability(status('000001fffeffffff'), Capabilities.sysResource), false)
  assert.equal(hasCapability('', Capabilities.sysResource), false)
})

test('finds mounts to undo, the last first', () => {
  const mounts = parseMountInfo(
    [
      '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
      '30 22 0:5 / /run/t8s rw - tmpfs tmpfs rw',
      '31 30 0:6 / /run/t8s/a\\040b rw,nosuid shared:2 master:1 - overlay overlay rw,lowerdir=/x',
      '32 22 0:7 / /run/t8s-other rw - tmpfs tmpfs rw',
      '33 22 0:8 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
      '',
    ].join('\n'),
  )
  assert.deepEqual(mountsBelow(mounts, '/run/t8s'), ['/run/t8s/a b', '/run/t8s'])
  assert.deepEqual(mounts.at(-1), { path: '/sys/fs/cgroup', type: 'cgroup2' })
})

test('finds processes', async () => {
  const found = await findProcesses(argv => argv[0] === process.argv0 || argv[0] === process.execPath)
  assert.ok(found.some(({ pid }) => pid === process.pid))
})

test('reads shared libraries off ldd', () => {
  const output = `\tlinux-vdso.so.1 (0x00007ffd)
\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f5e)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f5e)
`
  assert.deepEqual(parseLdd(output), ['/lib/x86_64-linux-gnu/libdl.so.2', '/lib64/ld-linux-x86-64.so.2'])
  assert.throws(() => parseLdd('\tlibmissing.so.1 => not found\n'), /libmissing.so.1 is not installed/)
})
