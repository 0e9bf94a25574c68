import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Event, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../api/core/v1/index.js'
import { selectedNode } from '../api/core/v1/volume-annotations.js'
import { StorageClass } from '../api/storage/v1/index.js'
import type { Client } from '../client/client.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from '../controllers/eventually.js'

const namespace = 'default'
const host = 'kubernetes.io/hostname'

describe('volumes of pods on simulated nodes', () => {
  let cluster: ControlPlane
  let client: Client
  let names: string[]

  before(async () => {
    cluster = await ControlPlane.start({ port: false, simulatedNodes: 3 })
    client = cluster.client
    names = (await client.list(Node)).items.map(({ metadata }) => metadata.name ?? '').sort()
    for (const name of names)
      await client.patch(Node, { name }, { type: 'merge', body: { metadata: { labels: { [host]: name } } } })
  })
  after(() => cluster[Symbol.asyncDispose]())

  const storageClass = (name: string, provisioner: string) =>
    client.create(StorageClass, {
      metadata: { name },
      provisioner,
      volumeBindingMode: 'WaitForFirstConsumer',
    })
  const claim = (name: string, storageClassName: string, accessMode = 'ReadWriteOnce') =>
    client.create(PersistentVolumeClaim, {
      metadata: { namespace, name },
      spec: { storageClassName, accessModes: [accessMode], resources: { requests: { storage: '1Gi' } } },
    })
  const volume = (name: string, storageClassName: string, node: string, more: object = {}) =>
    client.create(PersistentVolume, {
      metadata: { name },
      spec: {
        storageClassName,
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce'],
        local: { path: `/mnt/${name}` },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: host, operator: 'In', values: [node] }] }],
          },
        },
        ...more,
      } as never,
    })
  const run = (name: string, claimName: string) =>
    client.create(Pod, {
      metadata: { namespace, name },
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }],
      },
    })
  const nodeOf = (name: string) =>
    eventually(async () => {
      const { spec } = await client.get(Pod, { namespace, name })
      until(spec.nodeName !== undefined, `${name} has a node`)
      return spec.nodeName
    })
  const claimNamed = (name: string) => client.get(PersistentVolumeClaim, { namespace, name })
  const message = async (name: string) =>
    (await client.get(Pod, { namespace, name })).status.conditions?.find(({ type }) => type === 'PodScheduled')?.message

  it('that are local are bound when the pod has its node', async () => {
    await storageClass('local', 'kubernetes.io/no-provisioner')
    await claim('one', 'local')
    await claim('two', 'local')
    await eventually(async () => {
      const { items } = await client.list(Event, { namespace })
      until(
        items.some(({ reason, involvedObject }) => reason === 'WaitForFirstConsumer' && involvedObject.name === 'one'),
        'the claim waits',
      )
    })
    const [, node = ''] = names
    await volume('local-1', 'local', node)
    await run('one', 'one')
    assert.equal(await nodeOf('one'), node)
    const bound = await claimNamed('one')
    assert.equal(bound.spec.volumeName, 'local-1')
    assert.equal(bound.status.phase, 'Bound')

    await run('two', 'two')
    const refusal = "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind."
    await eventually(async () => until((await message('two'))?.startsWith(refusal) ?? false, 'there is none left'))
    await volume('local-2', 'local', names[2] ?? '')
    assert.equal(await nodeOf('two'), names[2])
  })

  it('that are still to be made are made for the node that was chosen', async () => {
    await storageClass('made', 'made.example.com')
    await claim('made', 'made')
    await run('made', 'made')
    const asked = await eventually(async () => {
      const { metadata } = await claimNamed('made')
      const node = metadata.annotations?.[selectedNode]
      until(node !== undefined && metadata.annotations?.['volume.kubernetes.io/storage-provisioner'] !== undefined, '')
      return node ?? ''
    })
    assert.equal((await client.get(Pod, { namespace, name: 'made' })).spec.nodeName, undefined)
    const { metadata } = await claimNamed('made')
    await volume('made-1', 'made', asked, {
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name: 'made', uid: metadata.uid },
    })
    assert.equal(await nodeOf('made'), asked)
  })

  it('that could not be made are made elsewhere', async () => {
    await claim('again', 'made')
    await run('again', 'again')
    const chosen = () =>
      eventually(async () => {
        const node = (await claimNamed('again')).metadata.annotations?.[selectedNode]
        until(node !== undefined, 'a node is selected')
        return node ?? ''
      })
    const first = await chosen()
    await client.patch(Node, { name: first }, { type: 'merge', body: { spec: { unschedulable: true } } })
    // What a provisioner does that finds no room.
    const body = { metadata: { annotations: { [selectedNode]: null } } }
    await client.patch(PersistentVolumeClaim, { namespace, name: 'again' }, { type: 'merge', body })
    await eventually(async () => {
      const { items } = await client.list(Event, { namespace })
      until(
        items.some(({ note, message }: { note?: string; message?: string }) =>
          (message ?? note ?? '').includes(
            'running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "again"',
          ),
        ),
        'the pod is told',
      )
    })
    assert.notEqual(await chosen(), first)
    await client.delete(Pod, { namespace, name: 'again' }, { gracePeriodSeconds: 0 })
    await client.patch(Node, { name: first }, { type: 'merge', body: { spec: { unschedulable: null } } })
  })

  it('that one pod alone may use are for the next when it has gone', async () => {
    await claim('only', 'local', 'ReadWriteOncePod')
    await volume('local-3', 'local', names[0] ?? '', { accessModes: ['ReadWriteOncePod'] })
    await run('first', 'only')
    await nodeOf('first')
    await run('second', 'only')
    const why =
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'
    await eventually(async () => until((await message('second'))?.includes(why) ?? false, 'it is in use'))
    await client.delete(Pod, { namespace, name: 'first' }, { gracePeriodSeconds: 0 })
    assert.equal(await nodeOf('second'), names[0])
  })
})
