import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Pod } from '../api/core/v1/index.js'
import { systemClock } from '../machinery/clock.js'
import { FolderWatches } from './logs/folder-watches.js'
import { MirrorPods } from './mirror-pods.js'
import { followManifests, isStaticPod, mirroredHash, staticHash, staticPod } from './static-pods.js'
import { FakeClient } from './test-client.js'
import { now } from './test-pods.js'

const manifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'a', image: 'x:1' }] },
}
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}

describe('a static pod', () => {
  it('is named after its node and known by its content', () => {
    const pod = staticPod(manifest, 'n1', now)
    assert.deepEqual([pod.metadata.name, pod.metadata.namespace, pod.spec.nodeName], ['web-n1', 'default', 'n1'])
    assert.equal(pod.spec.restartPolicy, 'Always')
    assert.equal(pod.metadata.uid, staticPod(manifest, 'n1', now + 1).metadata.uid)
    assert.notEqual(pod.metadata.uid, staticPod(manifest, 'n2', now).metadata.uid)
    assert.ok(isStaticPod(pod))
  })
  it('must be a pod', () => {
    assert.throws(() => staticPod({ ...manifest, kind: 'Node' }, 'n1', now), /no v1 Pod/)
    assert.throws(() => staticPod({ ...manifest, metadata: {} }, 'n1', now), /no name/)
  })
})

describe('the mirror of a static pod', () => {
  const pod = staticPod(manifest, 'n1', now)
  const setup = () => {
    const client = new FakeClient()
    const errors: unknown[] = []
    return {
      client,
      errors,
      mirrors: new MirrorPods(
        client,
        () => 'node-uid',
        error => errors.push(error),
      ),
    }
  }
  it('is made, made again when it is deleted, and goes with its pod', async () => {
    const { client, errors, mirrors } = setup()
    const stored = () => client.peek(Pod, { namespace: 'default', name: 'web-n1' })
    mirrors.setStatics([pod])
    await settle()
    const first = stored()
    assert.ok(first)
    assert.equal(mirroredHash(first), staticHash(pod))
    assert.equal(first.metadata.ownerReferences?.[0]?.uid, 'node-uid')
    assert.equal(mirrors.set(first), pod.metadata.uid)
    assert.equal(mirrors.of(pod), first)

    client.remove(Pod, first.metadata)
    mirrors.gone(first)
    await settle()
    const second = stored()
    assert.ok(second && second.metadata.uid !== first.metadata.uid)
    mirrors.set(second)
    mirrors.setStatics([])
    await settle()
    assert.equal(stored(), undefined)
    assert.deepEqual(errors, [])
  })
  it('is replaced when it stands for what was there before', async () => {
    const { client, mirrors } = setup()
    mirrors.setStatics([pod])
    await settle()
    const [old] = client.all(Pod)
    assert.ok(old)
    mirrors.set(old)
    const changed = staticPod({ ...manifest, metadata: { name: 'web', labels: { v: '2' } } }, 'n1', now)
    mirrors.setStatics([changed])
    await settle()
    assert.equal(client.all(Pod).length, 0)
    mirrors.gone(old)
    await settle()
    assert.equal(client.all(Pod)[0]?.metadata.labels?.v, '2')
  })
})

it('follows a folder of manifests', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'))
  using watches = new FolderWatches()
  const stop = new AbortController()
  const faults: unknown[] = []
  const seen: string[] = []
  let next = () => {}
  const changed = (pods: readonly Pod[]) => {
    seen.push(pods.map(({ metadata }) => metadata.name).join())
    next()
  }
  const until = (names: string) =>
    new Promise<void>(resolve => {
      next = () => seen.at(-1) === names && resolve()
      next()
    })
  const put = async (name: string, content: unknown) => {
    await writeFile(join(folder, `.${name}`), typeof content === 'string' ? content : JSON.stringify(content))
    await rename(join(folder, `.${name}`), join(folder, name))
  }
  try {
    await put('web.yaml', manifest)
    const following = followManifests({
      folder,
      nodeName: 'n1',
      clock: systemClock,
      watches,
      signal: stop.signal,
      onError: fault => faults.push(fault),
      changed,
    })
    await until('web-n1')
    await put('other.json', { ...manifest, metadata: { name: 'other' } })
    await until('other-n1,web-n1')
    await put('broken.yaml', 'a: [')
    await put('broken.yaml', '---\n')
    await rm(join(folder, 'web.yaml'))
    await until('other-n1')
    stop.abort()
    await following
  } finally {
    await rm(folder, { recursive: true })
  }
})
