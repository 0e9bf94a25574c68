import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Event, PersistentVolume, PersistentVolumeClaim, Pod, ServiceAccount } from '../../api/core/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { isNotFound } from '../../machinery/status-error.js'
import { ephemeralVolumes } from '../ephemeral-volume/ephemeral-volume.js'
import { eventually } from '../eventually.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { claimProtection, volumeProtection } from '../volume-protection/volume-protection.js'
import { claimBinder, volumeBinder } from './index.js'

const namespace = 'n'
const accessModes = ['ReadWriteOnce']

async function start() {
  const plane = await bareControlPlane(ControlPlane.start)
  await plane.namespace(namespace)
  // Pods that empty volumes run there.
  await plane.client.create(ServiceAccount, { metadata: { namespace: 'default', name: 'default' } })
  const deleted: string[] = []
  const binder = volumeBinder({ deleteHostPath: async path => void deleted.push(path) })
  const parts = [claimBinder, binder, ephemeralVolumes, claimProtection, volumeProtection]
  plane.use(runControllers(parts, { client: plane.client, onError: plane.onError }))
  return { plane, deleted, ...actions(plane) }
}

const actions = ({ client }: BareControlPlane) => ({
  client,
  volume: (name: string, storage: string, spec: object = {}) =>
    client.create(PersistentVolume, {
      metadata: { name },
      spec: { capacity: { storage }, accessModes, nfs: { server: 's', path: '/p' }, ...spec },
    }),
  claim: (name: string, storage: string, spec: object = {}) =>
    client.create(PersistentVolumeClaim, {
      metadata: { namespace, name },
      spec: { accessModes, resources: { requests: { storage } }, ...spec },
    }),
  volumeIs: (name: string, phase: string) =>
    eventually(async () => {
      const found = await client.get(PersistentVolume, { name })
      assert.equal(found.status.phase, phase)
      return found
    }),
  claimIs: (name: string, phase: string, volumeName?: string) =>
    eventually(async () => {
      const found = await client.get(PersistentVolumeClaim, { namespace, name })
      assert.deepEqual([found.status.phase, found.spec.volumeName], [phase, volumeName])
      return found
    }),
  told: (name: string, reason: string, text: RegExp) =>
    eventually(async () => {
      const { items } = await client.list(Event)
      const about = items.filter(({ involvedObject }) => involvedObject.name === name)
      assert.ok(
        about.some(event => event.reason === reason && text.test(event.message ?? '')),
        `${reason} of ${name} not among ${JSON.stringify(about.map(({ reason, message }) => [reason, message]))}`,
      )
    }),
  gone: (name: string) =>
    eventually(async () => assert.ok(await client.get(PersistentVolume, { name }).then(() => false, isNotFound))),
})

it('claims and volumes come together, and part', async () => {
  const { plane, deleted, client, volume, claim, volumeIs, claimIs, told, gone } = await start()
  await using _plane = plane
  await volume('large', '9Gi')
  await volume('small', '2Gi')
  await volumeIs('large', 'Available')
  await volumeIs('small', 'Available')
  await claim('a', '1Gi')
  const bound = await claimIs('a', 'Bound', 'small')
  assert.deepEqual(bound.status, { phase: 'Bound', accessModes, capacity: { storage: '2Gi' } })
  assert.deepEqual(bound.metadata.annotations, {
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
  })
  const taken = await volumeIs('small', 'Bound')
  assert.deepEqual(taken.metadata.annotations, { 'pv.kubernetes.io/bound-by-controller': 'yes' })
  assert.equal(taken.spec.claimRef?.uid, bound.metadata.uid)

  await claim('b', '20Gi')
  await told('b', 'FailedBinding', /^no persistent volumes available for this claim and no storage class is set$/)
  await volume('huge', '20Gi', {
    hostPath: { path: '/tmp/huge' },
    nfs: undefined,
    persistentVolumeReclaimPolicy: 'Delete',
  })
  await claimIs('b', 'Bound', 'huge')

  await claim('named', '1Gi', { volumeName: 'large' })
  const own = await claimIs('named', 'Bound', 'large')
  assert.deepEqual(own.metadata.annotations, { 'pv.kubernetes.io/bind-completed': 'yes' })
  await claim('late', '1Gi', { volumeName: 'large' })
  await told('late', 'FailedBinding', /^volume "large" already bound to a different claim\.$/)

  await client.delete(PersistentVolumeClaim, { namespace, name: 'a' })
  await volumeIs('small', 'Released')
  await client.delete(PersistentVolumeClaim, { namespace, name: 'b' })
  await gone('huge')
  assert.deepEqual(deleted, ['/tmp/huge'])
  await client.delete(PersistentVolume, { name: 'large' })
  await client.patch(
    PersistentVolume,
    { name: 'small' },
    { type: 'merge', body: { spec: { persistentVolumeReclaimPolicy: 'Delete' } } },
  )
  await told('small', 'VolumeFailedDelete', /no deletable volume plugin matched$/)
  assert.ok((await volumeIs('small', 'Failed')).status.message?.endsWith('matched'))
  // It is kept while it is bound.
  assert.ok((await volumeIs('large', 'Bound')).metadata.deletionTimestamp)
  await client.delete(PersistentVolumeClaim, { namespace, name: 'named' })
  await gone('large')
  assert.deepEqual(plane.faults.map(String), [])
})

it('classes decide how claims get their volumes', async () => {
  const { plane, client, volume, claim, volumeIs, claimIs, told } = await start()
  await using _plane = plane
  const storageClass = (name: string, provisioner: string, rest: object = {}) =>
    client.create(StorageClass, { metadata: { name }, provisioner, ...rest })
  await claim('unclassed', '1Gi')
  await claim('lost', '1Gi', { storageClassName: 'nowhere' })
  await told('lost', 'ProvisioningFailed', /^storageclass\.storage\.k8s\.io "nowhere" not found$/)
  await storageClass('local', 'kubernetes.io/no-provisioner', { volumeBindingMode: 'WaitForFirstConsumer' })
  await volume('disk', '1Gi', { storageClassName: 'local' })
  await volumeIs('disk', 'Available')
  await claim('waiting', '1Gi', { storageClassName: 'local' })
  await told('waiting', 'WaitForFirstConsumer', /^waiting for first consumer to be created before binding$/)
  await client.create(Pod, {
    metadata: { namespace, name: 'p' },
    spec: {
      containers: [{ name: 'c', image: 'x' }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'waiting' } }],
    },
  })
  await told('waiting', 'WaitForPodScheduled', /^waiting for pod p to be scheduled$/)
  const waiting = await claimIs('waiting', 'Pending')
  // As the scheduler does once it has found a node.
  const { namespace: ns = '', name = '', uid = '' } = waiting.metadata
  const body = { spec: { claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: ns, name, uid } } }
  await client.patch(PersistentVolume, { name: 'disk' }, { type: 'merge', body })
  await claimIs('waiting', 'Bound', 'disk')

  await storageClass('fast', 'disk.example.com', {
    metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  })
  await told('unclassed', 'ExternalProvisioning', /^Waiting for a volume .* 'disk\.example\.com' or manually/)
  const { spec, metadata } = await claimIs('unclassed', 'Pending')
  assert.equal(spec.storageClassName, 'fast')
  assert.equal(metadata.annotations?.['volume.kubernetes.io/storage-provisioner'], 'disk.example.com')
  await storageClass('none', 'kubernetes.io/no-provisioner')
  await claim('nobody', '1Gi', { storageClassName: 'none' })
  await told('nobody', 'ProvisioningFailed', /^no volume plugin matched name: kubernetes\.io\/no-provisioner$/)
  assert.deepEqual(plane.faults.map(String), [])
})

it('bound claims whose volume is gone are lost, and volumes are recycled by a pod', async () => {
  const { plane, client, volume, claim, volumeIs, claimIs, told } = await start()
  await using _plane = plane
  await volume('v', '1Gi')
  await claim('c', '1Gi')
  await claimIs('c', 'Bound', 'v')
  await client.patch(PersistentVolume, { name: 'v' }, { type: 'merge', body: { spec: { claimRef: { uid: 'other' } } } })
  await told('c', 'ClaimMisbound', /^Two claims are bound to the same volume/)
  const { status } = await claimIs('c', 'Lost', 'v')
  assert.deepEqual(status, { phase: 'Lost' })
  await volumeIs('v', 'Released')

  await volume('r', '2Gi', { persistentVolumeReclaimPolicy: 'Recycle' })
  await claim('d', '2Gi')
  await claimIs('d', 'Bound', 'r')
  await client.delete(PersistentVolumeClaim, { namespace, name: 'd' })
  const recycler = { namespace: 'default', name: 'recycler-for-r' }
  await eventually(() => client.get(Pod, recycler))
  await client.patch(
    Pod,
    recycler,
    { type: 'merge', body: { status: { phase: 'Succeeded' } } },
    { subresource: 'status' },
  )
  await told('r', 'VolumeRecycled', /^Volume recycled$/)
  assert.equal((await volumeIs('r', 'Available')).spec.claimRef, undefined)
  assert.deepEqual(plane.faults.map(String), [])
})

it("claims of pods' own volumes are made, and kept while a pod uses them", async () => {
  const { plane, client, claim, claimIs, told } = await start()
  await using _plane = plane
  const spec = { accessModes, resources: { requests: { storage: '1Gi' } } }
  const pod = (name: string) =>
    client.create(Pod, {
      metadata: { namespace, name },
      spec: {
        nodeName: 'node',
        containers: [{ name: 'c', image: 'x' }],
        volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } }],
      },
    })
  await claim('taken-v', '1Gi')
  const owner = await pod('p')
  const made = await claimIs('p-v', 'Pending')
  assert.deepEqual(made.metadata.labels, { a: 'b' })
  assert.deepEqual(made.metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true },
  ])
  assert.deepEqual(made.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  await client.delete(PersistentVolumeClaim, { namespace, name: 'p-v' })
  await client.delete(PersistentVolumeClaim, { namespace, name: 'taken-v' })
  const absent = (name: string) =>
    eventually(async () =>
      assert.ok(await client.get(PersistentVolumeClaim, { namespace, name }).then(() => false, isNotFound)),
    )
  await absent('taken-v')
  assert.ok((await claimIs('p-v', 'Pending')).metadata.deletionTimestamp)
  await client.delete(Pod, { namespace, name: 'p' }, { gracePeriodSeconds: 0 })
  await absent('p-v')
  assert.deepEqual(plane.faults.map(String), [])
  await claim('q-v', '1Gi')
  await pod('q')
  await told('q', 'FailedBinding', /^ephemeral volume v: PVC n\/q-v was not created for pod n\/q \(pod is not owner\)$/)
})
