import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PersistentVolume, PersistentVolumeClaim, type Pod } from '../../api/core/v1/index.js'
import { CSIDriver, CSIStorageCapacity, StorageClass } from '../../api/storage/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { decodeJson } from '../../schema/index.js'
import { clusterOf, cycleOf, informersOf, nodeOf, placement, pluginOf, pluginsOf, podOf } from '../test-cluster.js'

const completed = { 'pv.kubernetes.io/bind-completed': 'yes' }

const claimOf = (spec: object, metadata: object = {}, status: object = {}): PersistentVolumeClaim =>
  decodeJson(PersistentVolumeClaim, {
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'default', name: 'data', ...metadata },
    spec: { resources: { requests: { storage: '2Gi' } }, ...spec },
    status,
  }) as PersistentVolumeClaim

const volumeOn = (zone: string, name = 'pv', storage = '2Gi', more: object = {}): PersistentVolume =>
  decodeJson(PersistentVolume, {
    kind: 'PersistentVolume',
    metadata: { name },
    status: { phase: 'Available' },
    spec: {
      storageClassName: 'c',
      capacity: { storage },
      ...more,
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
          ],
        },
      },
    },
  }) as PersistentVolume

const classOf = (volumeBindingMode: string, more: object = {}): StorageClass =>
  decodeJson(StorageClass, {
    kind: 'StorageClass',
    metadata: { name: 'c' },
    provisioner: 'p',
    volumeBindingMode,
    ...more,
  }) as StorageClass

const waits = classOf('WaitForFirstConsumer')
const waitsForStatic = classOf('WaitForFirstConsumer', { provisioner: 'kubernetes.io/no-provisioner' })
const unbound = claimOf({ storageClassName: 'c' })
const reserved = { claimRef: { namespace: 'default', name: 'data' } }
const driver = decodeJson(CSIDriver, { kind: 'CSIDriver', metadata: { name: 'p' }, spec: { storageCapacity: true } })
const capacity = (zone: string, capacity: string, maximumVolumeSize?: string) =>
  decodeJson(CSIStorageCapacity, {
    kind: 'CSIStorageCapacity',
    metadata: { namespace: 'default', name: zone },
    storageClassName: 'c',
    nodeTopology: { matchLabels: { 'topology.kubernetes.io/zone': zone } },
    capacity,
    ...(maximumVolumeSize ? { maximumVolumeSize } : {}),
  })

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
    readonly more?: readonly unknown[]
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
    {
      what: 'a volume that a node reaches',
      claim: unbound,
      storageClass: waitsForStatic,
      volume: volumeOn('b'),
      expect: 'b1',
    },
    {
      what: 'a volume for a claim that a pod has twice',
      pod: podOf(
        'new',
        {},
        {
          volumes: ['v', 'w'].map(name => ({ name, persistentVolumeClaim: { claimName: 'data' } })),
        },
      ),
      claim: unbound,
      storageClass: waitsForStatic,
      volume: volumeOn('b'),
      expect: 'b1',
    },
    {
      what: 'volumes that are too small, or of others',
      claim: unbound,
      storageClass: waitsForStatic,
      volume: volumeOn('b', 'pv', '1Gi'),
      more: [volumeOn('a', 'other', '2Gi', { claimRef: { namespace: 'default', name: 'other' } })],
      expect: none("2 node(s) didn't find available persistent volumes to bind"),
    },
    {
      what: 'a reserved volume elsewhere, which it must take',
      claim: unbound,
      storageClass: waitsForStatic,
      volume: volumeOn('b', 'pv', '2Gi', reserved),
      more: [volumeOn('a', 'free')],
      expect: 'b1',
    },
    {
      what: 'a volume that is made where the class allows',
      claim: unbound,
      storageClass: classOf('WaitForFirstConsumer', {
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'topology.kubernetes.io/zone', values: ['a', 'c'] }] }],
      }),
      expect: 'a1',
    },
    {
      what: 'room for a volume in one zone',
      claim: unbound,
      storageClass: waits,
      more: [driver, capacity('a', '1Gi'), capacity('b', '4Gi')],
      expect: 'b1',
    },
    {
      what: 'no room for a volume in one piece',
      claim: unbound,
      storageClass: waits,
      more: [driver, capacity('a', '1Gi'), capacity('b', '4Gi', '1Gi')],
      expect: none('2 node(s) did not have enough free storage'),
    },
  ]
  for (const { what, pod = user, claim, volume, storageClass, more = [], expect } of cases)
    it(what, () => {
      const objects = [claim, volume, storageClass, ...more].filter(each => each !== undefined) as ApiObject[]
      assert.equal(placement(pod, clusterOf(nodes), pluginsOf(informersOf(objects))), expect)
    })

  it('counts with what it has decided, until that is taken back', () => {
    const other = claimOf({ storageClassName: 'c' }, { name: 'other' })
    const informers = informersOf([unbound, other, waitsForStatic, volumeOn('a')])
    const [plugin, elsewhere] = [pluginOf('VolumeBinding', undefined, informers), pluginsOf(informers)]
    const state = clusterOf(nodes)
    const cycle = cycleOf(user, state)
    const made = plugin.filter?.(cycle)
    const filter = typeof made === 'function' ? made : made?.filter
    for (const node of nodes) {
      const info = state.get(node.metadata.name ?? '')
      assert.equal(info && filter?.(info)?.reasons.length, node === nodes[0] ? undefined : 1)
    }
    const second = podOf('second', {}, { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'other' } }] })
    plugin.reserve?.(cycle, 'a1')
    assert.equal(
      placement(second, state, elsewhere),
      none("2 node(s) didn't find available persistent volumes to bind"),
      'profiles share what they know',
    )
    plugin.unreserve?.(cycle, 'a1')
    assert.equal(placement(second, state, elsewhere), 'a1')
  })
})
