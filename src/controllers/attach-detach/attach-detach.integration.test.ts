import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Event, Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1/index.js'
import { VolumeAttachment } from '../../api/storage/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { ManualClock } from '../../machinery/clock.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { attachDetach } from './attach-detach.js'
import { attachmentName } from './attachable-volume.js'

const namespace = 'n'
const driver = 'disk.example.com'
const uniqueName = `kubernetes.io/csi/${driver}^vol-1`
const minute = 60_000

it('a volume follows the pods that use it from node to node', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  const clock = new ManualClock(Date.now())
  const metrics = new MetricsRegistry()
  await plane.namespace(namespace)
  plane.use(runControllers([attachDetach(metrics)], { client, informers, clock, onError }))
  const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
  for (const name of ['a', 'b']) {
    await client.create(Node, { metadata: { name, annotations } })
    await status(name, { conditions: [{ type: 'Ready', status: 'True' }] })
  }
  const storage = { storage: '1Gi' }
  const accessModes = ['ReadWriteOnce']
  const claim = await client.create(PersistentVolumeClaim, {
    metadata: { namespace, name: 'c' },
    spec: { accessModes, resources: { requests: storage }, volumeName: 'pv', storageClassName: '' },
  })
  await client.create(PersistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      capacity: storage,
      accessModes,
      csi: { driver, volumeHandle: 'vol-1' },
      claimRef: { namespace, name: 'c', uid: claim.metadata.uid ?? '' },
    },
  })

  await run('one', 'a')
  const onA = attachmentName({ driver, handle: 'vol-1' }, 'a')
  const onB = attachmentName({ driver, handle: 'vol-1' }, 'b')
  const { spec } = await attachment(onA)
  assert.deepEqual(spec, { attacher: driver, nodeName: 'a', source: { persistentVolumeName: 'pv' } })
  await attached(onA, { attached: false, attachError: { time: '2026-01-01T00:00:00Z', message: 'no room' } })
  await told('one', 'Warning FailedAttachVolume: AttachVolume.Attach failed for volume "pv" : no room')
  await attached(onA, { attached: true, attachError: null })
  await told('one', 'Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv" ')
  await reported('a', [{ name: uniqueName, devicePath: '' }])
  await status('a', { volumesInUse: [uniqueName] })

  await run('two', 'b')
  await told(
    'two',
    'Warning FailedAttachVolume: Multi-Attach error for volume "pv" Volume is already used by pod(s) one',
  )
  await client.delete(Pod, { namespace, name: 'one' }, { gracePeriodSeconds: 0 })
  await eventually(() => assert.equal(informers.find(Pod)?.list().length, 1))
  // It is mounted still.
  await eventually(async () => assert.ok((await attachment(onA)).metadata.deletionTimestamp === undefined))
  await status('a', { volumesInUse: null })
  await reported('a', undefined)
  await attachment(onB)
  await assert.rejects(client.get(VolumeAttachment, { name: onA }), { code: 404 })
  await attached(onB, { attached: true })
  await reported('b', [{ name: uniqueName, devicePath: '' }])

  // The node falls silent with the volume mounted, and its pod is replaced.
  await status('b', { volumesInUse: [uniqueName], conditions: [{ type: 'Ready', status: 'Unknown' }] })
  await client.delete(Pod, { namespace, name: 'two' }, { gracePeriodSeconds: 0 })
  await run('three', 'a')
  await told(
    'three',
    'Warning FailedAttachVolume: Multi-Attach error for volume "pv" Volume is already exclusively attached to one node and can\'t be attached to another',
  )
  // It has been told before the controller has set the time of its next look.
  await eventually(async () => {
    clock.advance(6 * minute)
    await client.get(VolumeAttachment, { name: onA })
  })
  await assert.rejects(client.get(VolumeAttachment, { name: onB }), { code: 404 })
  assert.match(metrics.text(), /forced_detaches\{reason="timeout"\} 1$/m)
  assert.deepEqual(plane.faults.map(String), [])

  async function run(name: string, nodeName: string): Promise<void> {
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }]
    await client.create(Pod, {
      metadata: { namespace, name },
      spec: { nodeName, containers: [{ name: 'c', image: 'x' }], volumes },
    })
  }
  async function status(name: string, body: object): Promise<void> {
    await client.patch(Node, { name }, { type: 'merge', body: { status: body } }, { subresource: 'status' })
  }
  function attachment(name: string): Promise<VolumeAttachment> {
    return eventually(() => client.get(VolumeAttachment, { name }))
  }
  async function attached(name: string, body: object): Promise<void> {
    await client.patch(VolumeAttachment, { name }, { type: 'merge', body: { status: body } }, { subresource: 'status' })
  }
  function reported(name: string, volumes: Node['status']['volumesAttached']): Promise<void> {
    return eventually(async () => assert.deepEqual((await client.get(Node, { name })).status.volumesAttached, volumes))
  }
  function told(name: string, expected: string): Promise<void> {
    return eventually(async () => {
      const { items } = await client.list(Event, { namespace })
      const found = items.filter(({ involvedObject }) => involvedObject.name === name)
      const said = found.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
      assert.ok(said.includes(expected), JSON.stringify(said))
    })
  }
})
