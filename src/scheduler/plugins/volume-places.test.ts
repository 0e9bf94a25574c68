import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { CSINode, StorageClass, VolumeAttachment } from '../../api/storage/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { decodeJson, type Kind } from '../../schema/index.js'
import { clusterOf, informersOf, nodeOf, type Placed, placement, pluginsOf, podOf } from '../test-cluster.js'

const made = <T extends ApiObject, I>(kind: Kind<T, I>, object: object): ApiObject =>
  decodeJson(kind, { kind: kind.gvk.kind, ...object }) as ApiObject

const claim = (name: string, volumeName?: string, more: object = {}): ApiObject =>
  made(PersistentVolumeClaim, {
    metadata: {
      namespace: 'default',
      name,
      ...(volumeName ? { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } } : {}),
    },
    spec: { ...(volumeName ? { volumeName } : { storageClassName: 'waits' }), ...more },
  })
const volume = (name: string, spec: object, labels: object = {}): ApiObject =>
  made(PersistentVolume, { metadata: { name, labels }, spec })
const csi = (name: string): ApiObject => volume(name, { csi: { driver: 'd', volumeHandle: name } })
const using = (...names: string[]) => ({
  volumes: names.map(name => ({ name, persistentVolumeClaim: { claimName: name } })),
})
const withVolume = (source: object) => ({ volumes: [{ name: 'v', ...source }] })
const nodes = [nodeOf('a1', 'a'), nodeOf('b1', 'b')]
const none = (why: string) => `0/2 nodes are available: ${why}.`
const placed = (spec: object, node = 'a1', name = 'old'): Placed => [[podOf(name, {}, spec), node]]
const place = (spec: object, objects: readonly ApiObject[], onNodes: Placed = []) =>
  placement(podOf('new', {}, spec), clusterOf(nodes, onNodes), pluginsOf(informersOf(objects)))

describe('VolumeZone', () => {
  const cases: readonly [string, object, string][] = [
    ['its zone', { 'topology.kubernetes.io/zone': 'b' }, 'b1'],
    ['its zone, as it was called before', { 'failure-domain.beta.kubernetes.io/zone': 'b' }, 'b1'],
    ['one of its zones', { 'topology.kubernetes.io/zone': 'b__c' }, 'b1'],
    ['none of its zones', { 'topology.kubernetes.io/zone': 'c' }, none('2 node(s) had no available volume zone')],
    ['another region', { 'topology.kubernetes.io/region': 'r' }, none('2 node(s) had no available volume zone')],
  ]
  for (const [what, labels, expected] of cases)
    it(what, () => assert.equal(place(using('c'), [claim('c', 'v'), volume('v', {}, labels)]), expected))
})

describe('VolumeRestrictions', () => {
  const disk = { gcePersistentDisk: { pdName: 'd' } }
  const reading = { gcePersistentDisk: { pdName: 'd', readOnly: true } }
  const aws = { awsElasticBlockStore: { volumeID: 'd', readOnly: true } }
  const rbd = (monitors: readonly string[]) => ({ rbd: { monitors, image: 'i', pool: 'p' } })
  const cases: readonly [what: string, own: object, others: object, shared: boolean][] = [
    ['a disk of another', disk, disk, false],
    ['a disk that both read', reading, reading, true],
    ['a disk that one writes', reading, disk, false],
    ['a disk that cannot be shared', aws, aws, false],
    ['an image by a common monitor', rbd(['m', 'n']), rbd(['n']), false],
    ['an image of another', rbd(['m']), rbd(['n']), true],
    ['an iSCSI target', { iscsi: { iqn: 'q', targetPortal: 'p' } }, { iscsi: { iqn: 'q', targetPortal: 'o' } }, false],
  ]
  for (const [what, own, others, shared] of cases)
    it(what, () => {
      const onBoth: Placed = [...placed(withVolume(others)), ...placed(withVolume(others), 'b1', 'old-b')]
      const found = place(withVolume(own), [], onBoth)
      if (shared) assert.ok(['a1', 'b1'].includes(found), found)
      else assert.equal(found, none('2 node(s) had no available disk'))
    })

  it('a claim for one pod alone', () => {
    const objects = [claim('c', 'v', { accessModes: ['ReadWriteOncePod'] }), volume('v', {})]
    const why =
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod'
    assert.equal(place(using('c'), objects, placed(using('c'))), none(`2 ${why}`))
    assert.ok(['a1', 'b1'].includes(place(using('c'), objects)))
  })
})

describe('NodeVolumeLimits', () => {
  const csiNode = (name: string, count?: number, more: object = {}) =>
    made(CSINode, {
      metadata: { name, ...more },
      spec: { drivers: [{ name: 'd', nodeID: name, ...(count === undefined ? {} : { allocatable: { count } }) }] },
    })
  const limited = [csiNode('a1', 1), csiNode('b1', 1)]
  const waits = made(StorageClass, {
    metadata: { name: 'waits' },
    provisioner: 'd',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  const storage = [claim('c', 'v'), csi('v'), claim('d', 'w'), csi('w'), claim('new-one'), waits]
  const refused = none('2 node(s) exceed max volume count')
  const attached = (node: string) =>
    made(VolumeAttachment, {
      metadata: { name: node },
      spec: { attacher: 'd', nodeName: node, source: { persistentVolumeName: 'w' } },
    })
  const cases: readonly [string, object, readonly ApiObject[], Placed, string][] = [
    ['one more than there may be', using('c', 'd'), limited, [], refused],
    ['no limit', using('c', 'd'), [csiNode('a1'), csiNode('b1', 1)], [], 'a1'],
    ['another pod’s volume', using('c'), limited, placed(using('d')), 'b1'],
    ['the same volume', using('c'), [csiNode('a1', 1), csiNode('b1', 0)], placed(using('c')), 'a1'],
    ['one that is still to be made', using('new-one'), limited, placed(using('d')), 'b1'],
    ['one that is attached for nobody', using('c'), [...limited, attached('a1')], [], 'b1'],
    [
      'one of a plugin that was built in once',
      withVolume({ awsElasticBlockStore: { volumeID: 'x' } }),
      [
        made(CSINode, {
          metadata: {
            name: 'a1',
            annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs' },
          },
          spec: { drivers: [{ name: 'ebs.csi.aws.com', nodeID: 'a1', allocatable: { count: 0 } }] },
        }),
      ],
      [],
      'b1',
    ],
  ]
  for (const [what, spec, objects, onNodes, expected] of cases)
    it(what, () => {
      const found = place(spec, [...storage, ...objects], onNodes)
      assert.ok(found.startsWith(expected), found)
    })
})
