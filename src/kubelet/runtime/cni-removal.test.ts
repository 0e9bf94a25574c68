import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CniAttachment, cniDeletions, removeCniAttachments } from './cni-removal.js'

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
const attachment: CniAttachment = {
  containerId: 'abc',
  ifName: 'eth0',
  networkName: 'pods',
  config: base64({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      { type: 'bridge', bridge: 'b' },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }),
  cniArgs: [
    ['K8S_POD_NAME', 'p'],
    ['IgnoreUnknown', '1'],
  ],
  capabilityArgs: { portMappings: [{ hostPort: 80 }], other: 1 },
  result: { ips: [] },
}

test('undoes an attachment plugin by plugin, the last one first', () => {
  const calls = cniDeletions(attachment, '/cni')
  assert.deepEqual(
    calls.map(({ program }) => program),
    ['/cni/portmap', '/cni/bridge'],
  )
  assert.deepEqual(calls[0]?.environment, {
    CNI_COMMAND: 'DEL',
    CNI_CONTAINERID: 'abc',
    CNI_NETNS: '',
    CNI_IFNAME: 'eth0',
    CNI_ARGS: 'K8S_POD_NAME=p;IgnoreUnknown=1',
    CNI_PATH: '/cni',
  })
  assert.deepEqual(
    calls.map(({ input }) => JSON.parse(input)),
    [
      {
        type: 'portmap',
        capabilities: { portMappings: true },
        cniVersion: '1.0.0',
        name: 'pods',
        runtimeConfig: { portMappings: [{ hostPort: 80 }] },
        prevResult: { ips: [] },
      },
      { type: 'bridge', bridge: 'b', cniVersion: '1.0.0', name: 'pods', prevResult: { ips: [] } },
    ],
  )
  assert.deepEqual(cniDeletions({ ...attachment, config: '!' }, '/cni'), [])
  const single = { ...attachment, config: base64({ type: 'ptp', name: 'n' }) }
  assert.deepEqual(
    cniDeletions(single, '/cni').map(({ program }) => program),
    ['/cni/ptp'],
  )
})

test('runs the plugins of the given containers and forgets them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 't8s-cni-'))
  try {
    const calls = join(folder, 'calls')
    const plugin = `#!/bin/sh\ncat >> ${calls}; echo " $CNI_COMMAND" >> ${calls}; exit 1\n`
    for (const name of ['bridge', 'portmap']) await writeFile(join(folder, name), plugin, { mode: 0o755 })
    for (const id of ['abc', 'other']) {
      await writeFile(join(folder, `pods-${id}-eth0`), JSON.stringify({ ...attachment, containerId: id }))
    }
    await writeFile(join(folder, 'pods-abc-bad'), 'x')
    await removeCniAttachments(['abc'], { binDir: folder, cache: folder })
    assert.deepEqual((await readdir(folder)).sort(), ['bridge', 'calls', 'pods-other-eth0', 'portmap'])
    const lines = (await readFile(calls, 'utf8')).trimEnd().split('\n')
    assert.equal(lines.length, 2)
    assert.match(lines[0] ?? '', /"type":"portmap".* DEL$/)
    await removeCniAttachments(['abc'], { binDir: undefined, cache: join(folder, 'none') })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
