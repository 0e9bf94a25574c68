import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { VolumeAttributesClass } from '../../api/storage/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { isNotFound } from '../../machinery/status-error.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { attributesClassProtection, claimProtection } from './volume-protection.js'

it('volume attributes classes stay while a claim has them', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  const namespace = 'n'
  await plane.namespace(namespace)
  await using _running = runControllers([attributesClassProtection, claimProtection], {
    client,
    onError: plane.onError,
  })
  const ref = { name: 'gold' }
  await client.create(VolumeAttributesClass, { metadata: ref, driverName: 'd.example.com', parameters: { iops: '1' } })
  await client.create(PersistentVolumeClaim, {
    metadata: { namespace, name: 'c' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeAttributesClassName: 'gold',
    },
  })
  await client.delete(VolumeAttributesClass, ref)
  const found = await client.get(VolumeAttributesClass, ref)
  assert.deepEqual(found.metadata.finalizers, ['kubernetes.io/vac-protection'])
  assert.ok(found.metadata.deletionTimestamp)
  await client.delete(PersistentVolumeClaim, { namespace, name: 'c' })
  await eventually(async () => assert.ok(await client.get(VolumeAttributesClass, ref).then(() => false, isNotFound)))
  assert.deepEqual(plane.faults.map(String), [])
})
