import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PersistentVolume, PersistentVolumeClaim, type Pod } from '../../api/core/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import { decodeJson } from '../../schema/index.js'
import { noSurroundings, type Surroundings } from '../surroundings.js'
import { clusterOf, nodeOf, placement, podOf } from '../test-cluster.js'

const completed = { 'pv.kubernetes.io/bind-completed': 'yes' }

const claimOf = (spec: object, metadata: object = {}, status: object = {}): PersistentVolumeClaim =>
  decodeJson(PersistentVolumeClaim, { metadata: { name: 'data', ...metadata }, spec, status }) as PersistentVolumeClaim

const volumeOn = (zone: string): PersistentVolume =>
  decodeJson(PersistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
          ],
        },
      },
    },
  }) as PersistentVolume

const classOf = (volumeBindingMode: string): StorageClass =>
  decodeJson(StorageClass, { metadata: { name: 'c' }, provisioner: 'p', volumeBindingMode }) as StorageClass

const user = podOf('new', {}, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] })
const ephemeral = podOf('new', {}, { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: {} } } }] })
const nodes = [nodeOf('a1', 'a'), nodeOf('b1', 'b')]
const none = (why: string) => `0/2 nodes are available: ${why}.`

describe('VolumeBinding', () => {
  const cases: readonly {
    readonly what: string
    readonly pod?: Pod
    readonly claim?: PersistentVolumeClaim
    readonly volume?: PersistentVolume
    readonly storageClass?: StorageClass
    readonly expect: string
  }[] = [
    { what: 'no claim of that name', expect: none('persistentvolumeclaim "data" not found') },
    {
      what: 'an ephemeral claim that is not made yet',
      pod: ephemeral,
      expect: none('waiting for ephemeral volume controller to create the persistentvolumeclaim "new-v"'),
    },
    {
      what: 'an ephemeral claim that is of somebody else',
      pod: ephemeral,
      claim: claimOf({}, { name: 'new-v' }),
      expect: none('PVC default/new-v was not created for pod default/new (pod is not owner)'),
    },
    {
      what: 'a claim that is being deleted',
      claim: claimOf({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      expect: none('persistentvolumeclaim "data" is being deleted'),
    },
    {
      what: 'a claim that has lost its volume',
      claim: claimOf({ volumeName: 'pv' }, {}, { phase: 'Lost' }),
      expect: none('persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"'),
    },
    {
      what: 'not bound yet',
      claim: claimOf({ storageClassName: 'c' }),
      storageClass: classOf('Immediate'),
      expect: none('pod has unbound immediate PersistentVolumeClaims'),
    },
    {
      what: 'no class',
      claim: claimOf({ storageClassName: 'c' }),
      expect: none('pod has unbound immediate PersistentVolumeClaims'),
    },
    {
      what: 'half bound',
      claim: claimOf({ storageClassName: 'c', volumeName: 'pv' }),
      storageClass: classOf('WaitForFirstConsumer'),
      expect: none('pod has unbound immediate PersistentVolumeClaims'),
    },
    {
      what: 'a volume in a zone',
      claim: claimOf({ volumeName: 'pv' }, { annotations: completed }),
      volume: volumeOn('b'),
      expect: 'b1',
    },
    {
      what: 'a volume elsewhere',
      claim: claimOf({ volumeName: 'pv' }, { annotations: completed }),
      volume: volumeOn('c'),
      expect: none("2 node(s) didn't match PersistentVolume's node affinity"),
    },
    {
      what: 'a volume that is gone',
      claim: claimOf({ volumeName: 'pv' }, { annotations: completed }),
      expect: none('2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'),
    },
    {
      what: 'a volume that is being made for a node',
      claim: claimOf({ storageClassName: 'c' }, { annotations: { 'volume.kubernetes.io/selected-node': 'b1' } }),
      storageClass: classOf('WaitForFirstConsumer'),
      expect: 'b1',
    },
  ]
  for (const { what, pod = user, claim, volume, storageClass, expect } of cases)
    it(what, () => {
      const surroundings: Surroundings = {
        ...noSurroundings,
        claim: (_namespace, name) => (name === claim?.metadata.name ? claim : undefined),
        volume: () => volume,
        storageClass: () => storageClass,
      }
      assert.equal(placement(pod, clusterOf(nodes, [], surroundings)), expect)
    })
})
