import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Event, PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { volumeExpand } from './volume-expand.js'

const namespace = 'n'

describe('claims that ask for more', () => {
  let plane: BareControlPlane
  before(async () => {
    plane = await bareControlPlane(ControlPlane.start)
    const { client, informers, onError } = plane
    await plane.namespace(namespace)
    await client.create(StorageClass, {
      metadata: { name: 'growing' },
      provisioner: 'disk.example.com',
      allowVolumeExpansion: true,
    })
    plane.use(runControllers([volumeExpand], { client, informers, onError }))
  })
  after(async () => {
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(plane.faults.map(String), [])
  })

  /** A bound claim of 1Gi that then asks for 2Gi. */
  const grow = async (name: string, source: object) => {
    const { client } = plane
    const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'growing' }
    const capacity = { storage: '1Gi' }
    const claim = await client.create(PersistentVolumeClaim, {
      metadata: { namespace, name },
      spec: { ...common, resources: { requests: capacity }, volumeName: name },
    })
    await client.create(PersistentVolume, {
      metadata: { name },
      spec: { ...common, ...source, capacity, claimRef: { namespace, name, uid: claim.metadata.uid ?? '' } },
    })
    const status = { phase: 'Bound', capacity, accessModes: common.accessModes }
    const written = { type: 'merge', body: { status } } as const
    await client.patch(PersistentVolumeClaim, claim.metadata, written, { subresource: 'status' })
    const body = { spec: { resources: { requests: { storage: '2Gi' } } } }
    await client.patch(PersistentVolumeClaim, claim.metadata, { type: 'merge', body })
  }
  const told = (name: string, expected: string) =>
    eventually(async () => {
      const { items } = await plane.client.list(Event, { namespace })
      const said = items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
      assert.ok(said.includes(expected), JSON.stringify(said))
    })
  const claim = (name: string) => plane.client.get(PersistentVolumeClaim, { namespace, name })
  const size = async (name: string) => (await plane.client.get(PersistentVolume, { name })).spec.capacity?.['storage']

  it('are left to the driver of their volume', async () => {
    await grow('csi', { csi: { driver: 'disk.example.com', volumeHandle: 'v' } })
    await told('csi', 'Normal ExternalExpanding: waiting for an external controller to expand this PVC')
    assert.deepEqual([await size('csi'), (await claim('csi')).status.conditions], ['1Gi', undefined])
  })

  it('are left to the driver that has taken over, by name', async () => {
    await grow('cinder', { cinder: { volumeID: 'v' } })
    const message = 'CSI migration enabled for kubernetes.io/cinder; waiting for external resizer to expand the pvc'
    await told('cinder', `Normal ExternalExpanding: ${message}`)
    await eventually(async () =>
      assert.equal(
        (await claim('cinder')).metadata.annotations?.['volume.kubernetes.io/storage-resizer'],
        'cinder.csi.openstack.org',
      ),
    )
  })

  it('are left to the node where nothing but a file system has to grow', async () => {
    await grow('flex', { flexVolume: { driver: 'example.com/flex' } })
    await told('flex', 'Normal FileSystemResizeRequired: Require file system resize of volume on node')
    const { metadata, status } = await claim('flex')
    assert.equal(metadata.annotations?.['volume.kubernetes.io/storage-resizer'], 'example.com/flex')
    assert.deepEqual(
      status.conditions?.map(({ type, status, message }) => [type, status, message]),
      [
        [
          'FileSystemResizePending',
          'True',
          'Waiting for user to (re-)start a pod to finish file system resize of volume on node.',
        ],
      ],
    )
    assert.deepEqual(status.allocatedResources, { storage: '2Gi' })
    assert.deepEqual(status.allocatedResourceStatuses, { storage: 'NodeResizePending' })
    assert.deepEqual([await size('flex'), status.capacity], ['2Gi', { storage: '1Gi' }])
  })
})
