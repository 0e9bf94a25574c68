import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PersistentVolume } from '../../api/core/v1/index.js'
import { reclaimOf, recycleSeconds } from './reclaim.js'

const volume = (policy: string, source: object, annotations: Record<string, string> = {}) =>
  ({
    metadata: { name: 'v', annotations },
    spec: { persistentVolumeReclaimPolicy: policy, capacity: { storage: '4Gi' }, ...source },
    status: {},
  }) as unknown as PersistentVolume

const nfs = { nfs: { server: 's', path: '/p' } }
const csi = { csi: { driver: 'd', volumeHandle: 'h' } }
const by = (name: string) => ({ 'pv.kubernetes.io/provisioned-by': name })
const failed = (message: string, reason = 'VolumeFailedDelete') => ({ act: 'fail', reason, message })

describe('volumes whose claim has gone', () => {
  const cases: readonly [PersistentVolume, object][] = [
    [volume('Retain', nfs), { act: 'nothing' }],
    [
      volume('Delete', nfs),
      failed('error getting deleter volume plugin for volume "v": no deletable volume plugin matched'),
    ],
    [volume('Delete', csi), failed('error getting deleter volume plugin for volume "v": no volume plugin matched')],
    [volume('Delete', csi, by('d.example.com')), { act: 'nothing' }],
    [volume('Delete', csi, by('kubernetes.io/aws-ebs')), { act: 'nothing' }],
    [
      volume('Delete', csi, by('kubernetes.io/unheard-of')),
      failed('no volume plugin matched name: kubernetes.io/unheard-of'),
    ],
    [volume('Delete', { hostPath: { path: '/tmp/x' } }), { act: 'delete', hostPath: '/tmp/x' }],
    [
      volume('Delete', { hostPath: { path: '/data' } }),
      failed('host_path deleter only supports /tmp/.+ but received provided /data'),
    ],
    [volume('Recycle', nfs), { act: 'recycle' }],
    [volume('Recycle', csi), failed('No recycler plugin found for the volume!', 'VolumeFailedRecycle')],
    [volume('Delete', csi, { 'pv.kubernetes.io/migrated-to': 'd' }), { act: 'nothing' }],
  ]
  for (const [given, expected] of cases)
    it(JSON.stringify([given.spec, given.metadata.annotations]), () => assert.deepEqual(reclaimOf(given), expected))

  it('have time to be emptied', () => {
    assert.equal(recycleSeconds(volume('Recycle', nfs)), 300)
    assert.equal(recycleSeconds(volume('Recycle', { hostPath: { path: '/d' } })), 120)
  })
})
