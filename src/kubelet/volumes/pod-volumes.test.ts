import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ConfigMap, Secret, type Volume } from '../../api/core/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import { ReferencedObjects } from '../referenced-objects.js'
import { FakeClient } from '../test-client.js'
import { container, pod } from '../test-pods.js'
import { imageVolumeFolder } from './image-volumes.js'
import { PodVolumes, type ReadyVolume, removeVolumes, VolumesNotReady } from './pod-volumes.js'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pod-volumes-'))
})
after(() => rm(folder, { recursive: true }))

const configMap = (data: { readonly [key: string]: string }) => ({
  metadata: { namespace: 'default', name: 'cm' },
  data,
})
const settle = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}

let count = 0
const setup = (volumes: readonly Volume[], rest: Parameters<typeof pod>[0] = {}) => {
  const uid = `u${++count}`
  const client = new FakeClient()
  const clock = new ManualClock()
  const released: string[] = []
  const context = {
    client,
    clock,
    objects: new ReferencedObjects(client, clock),
    podsFolder: join(folder, 'pods'),
    secretFolder: join(folder, 'secrets'),
    node: { hostIps: [], allocatable: {} },
    imageMounts: {
      mount: async () => {},
      release: async (path: string) => void released.push(path),
      [Symbol.dispose]: () => {},
    },
  }
  let changes = 0
  const subject = pod({ volumes, containers: [container('a')], ...rest }, { uid })
  const begin = () => new PodVolumes(context, subject, () => changes++)
  return { uid, client, clock, context, subject, begin, volumes: begin(), released, changes: () => changes }
}
const pathOf = (ready: ReadyVolume | undefined): string => (ready && 'path' in ready ? ready.path : '')

describe('the volumes of a pod', () => {
  it('follow what they show', async () => {
    const { client, subject, volumes, changes } = setup([{ name: 'v', configMap: { name: 'cm' } }])
    client.put(ConfigMap, configMap({ a: '1' }))
    await volumes.prepare(subject)
    const path = pathOf(volumes.ready.get('v'))
    assert.equal(await readFile(join(path, 'a'), 'utf8'), '1')
    const first = await readlink(join(path, '..data'))
    await volumes.prepare(subject)
    assert.equal(await readlink(join(path, '..data')), first)

    client.put(ConfigMap, configMap({ a: '2' }))
    await settle()
    assert.equal(changes(), 1)
    await volumes.prepare(subject)
    assert.equal(await readFile(join(path, 'a'), 'utf8'), '2')
    volumes[Symbol.dispose]()
  })

  it('wait for what is missing', async () => {
    const { client, subject, volumes, changes } = setup([
      { name: 'v', configMap: { name: 'cm' } },
      { name: 'e', emptyDir: {} },
    ])
    await assert.rejects(volumes.prepare(subject), (error: unknown) => {
      assert.ok(error instanceof VolumesNotReady)
      assert.deepEqual(
        error.failures.map(({ volume }) => volume),
        ['v'],
      )
      return true
    })
    client.put(ConfigMap, configMap({}))
    await settle()
    assert.equal(changes(), 1)
    await volumes.prepare(subject)
    assert.deepEqual([...volumes.ready.keys()].sort(), ['e', 'v'])
    volumes[Symbol.dispose]()
  })

  it('are taken over as they are', async () => {
    const { client, subject, begin } = setup([{ name: 'v', secret: { secretName: 's' } }])
    client.put(Secret, { metadata: { namespace: 'default', name: 's' }, data: { a: 'MQ==' } })
    const first = begin()
    await first.prepare(subject)
    const path = pathOf(first.ready.get('v'))
    const link = await readlink(join(path, '..data'))
    first[Symbol.dispose]()
    const second = begin()
    await second.prepare(subject)
    assert.equal(await readlink(join(path, '..data')), link)
    assert.ok(path.startsWith(join(folder, 'secrets')))
    second[Symbol.dispose]()
  })

  it('renew tokens when four fifths of their time are over', async () => {
    const source = { serviceAccountToken: { path: 'token', expirationSeconds: 1000 } }
    const { client, clock, subject, volumes } = setup([{ name: 'v', projected: { sources: [source] } }])
    let issued = 0
    client.answer('serviceaccounts', 'token', (_, body) => ({
      ...(body as object),
      status: {
        token: `token-${++issued}`,
        expirationTimestamp: new Date(clock.now() + 1_000_000).toISOString(),
      },
    }))
    const read = () => readFile(join(pathOf(volumes.ready.get('v')), 'token'), 'utf8')
    await volumes.prepare(subject)
    assert.equal(await read(), 'token-1')
    assert.equal(volumes.renewAt, clock.now() + 800_000)
    clock.advance(799_000)
    await volumes.prepare(subject)
    assert.equal(await read(), 'token-1')
    clock.advance(1000)
    await volumes.prepare(subject)
    assert.equal(await read(), 'token-2')
    const { body } = client.requests.find(({ verb }) => verb === 'post token') ?? {}
    const { spec } = body as { spec: { boundObjectRef: object } }
    assert.deepEqual(spec.boundObjectRef, { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: subject.metadata.uid })
    volumes[Symbol.dispose]()
  })

  it('keep tokens to whom they belong', async () => {
    const source = { serviceAccountToken: { path: 'token' } }
    const { client, subject, volumes } = setup([{ name: 'v', projected: { sources: [source] } }], {
      securityContext: { runAsUser: 1000 },
    })
    client.answer('serviceaccounts', 'token', (_, body) => ({ ...(body as object), status: { token: 't' } }))
    await volumes.prepare(subject)
    const { mode, uid } = await stat(join(pathOf(volumes.ready.get('v')), 'token'))
    assert.deepEqual([mode & 0o777, uid], [0o600, 1000])
    volumes[Symbol.dispose]()
  })

  it('belong to the group of the pod', async () => {
    const { subject, volumes } = setup([{ name: 'v', emptyDir: {} }], { securityContext: { fsGroup: 2000 } })
    await volumes.prepare(subject)
    const { mode, gid } = await stat(pathOf(volumes.ready.get('v')))
    assert.deepEqual([mode & 0o7777, gid], [0o2777, 2000])
    volumes[Symbol.dispose]()
  })

  it('do not miss what changes while they are being set up', async () => {
    const item = { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }
    const { subject, volumes } = setup([{ name: 'v', downwardAPI: { items: [item] } }])
    const preparing = volumes.prepare(subject)
    volumes.outdate()
    await preparing
    const path = pathOf(volumes.ready.get('v'))
    assert.ok(path, 'what is ready stays at hand')
    volumes.outdate()
    assert.equal(pathOf(volumes.ready.get('v')), path)
    await volumes.prepare({ ...subject, metadata: { ...subject.metadata, labels: { app: 'x' } } })
    assert.equal(await readFile(join(path, 'labels'), 'utf8'), 'app="x"')
    volumes[Symbol.dispose]()
  })

  it('see a change that comes after what they were read from', async () => {
    const item = { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }
    const { subject, volumes } = setup([{ name: 'v', downwardAPI: { items: [item] } }])
    const preparing = volumes.prepare(subject)
    volumes.outdate()
    await preparing
    await volumes.prepare({ ...subject, metadata: { ...subject.metadata, labels: { app: 'y' } } })
    assert.equal(await readFile(join(pathOf(volumes.ready.get('v')), 'labels'), 'utf8'), 'app="y"')
    volumes[Symbol.dispose]()
  })

  it('go with the pod', async () => {
    const { uid, client, subject, volumes, context, released } = setup([
      { name: 'v', configMap: { name: 'cm' } },
      { name: 's', projected: { sources: [] } },
      { name: 'i', image: { reference: 'tool:1' } },
    ])
    client.put(ConfigMap, configMap({ a: '1' }))
    await volumes.prepare(subject)
    const image = join(imageVolumeFolder(context.podsFolder, uid, 'i'), '0123')
    await mkdir(image, { recursive: true })
    await volumes.tearDown()
    assert.deepEqual(released, [image])
    for (const name of ['pods', 'secrets']) assert.ok(!(await readdir(join(folder, name))).includes(uid))
    await removeVolumes(context, uid)
  })
})
