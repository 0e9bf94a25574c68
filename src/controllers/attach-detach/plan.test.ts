import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PersistentVolume, Pod } from '../../api/core/v1/index.js'
import type { VolumeAttachment } from '../../api/storage/v1/index.js'
import { type AttachableVolume, attachableVolume, attachmentName } from './attachable-volume.js'
import { type AttachInput, type NodeView, planAttachments } from './plan.js'

const volumeOf = (...accessModes: string[]): AttachableVolume => {
  const spec = { accessModes, csi: { driver: 'd.example.com', volumeHandle: 'h' } }
  const volume = attachableVolume({ metadata: { name: 'pv' }, spec } as unknown as PersistentVolume)
  assert.ok(volume)
  return volume
}
const exclusive = volumeOf('ReadWriteOnce')
const pod = (name: string, nodeName: string, namespace = 'n') =>
  ({ metadata: { name, namespace, uid: name }, spec: { nodeName } }) as unknown as Pod
const attachment = (
  nodeName: string,
  more: {
    readonly status?: Partial<VolumeAttachment['status']>
    readonly deleted?: boolean
    readonly name?: string
  } = {},
) =>
  ({
    metadata: {
      name: more.name ?? attachmentName(exclusive, nodeName),
      ...(more.deleted ? { deletionTimestamp: 'then' } : {}),
    },
    spec: { nodeName, attacher: 'd.example.com', source: { persistentVolumeName: 'pv' } },
    status: { attached: true, ...more.status },
  }) as unknown as VolumeAttachment
const node = (more: Partial<NodeView> = {}): NodeView => ({
  managed: true,
  ready: true,
  outOfService: false,
  mounted: false,
  reported: true,
  ...more,
})

interface Case {
  readonly name: string
  readonly input: Partial<AttachInput>
  /** Of each action: what, where, to whom, why. */
  readonly actions: readonly string[]
  readonly after?: number
}

const minute = 60_000
const now = 100 * minute
const a = (...pods: string[]) => pods.map(name => pod(name, 'a'))

const cases: readonly Case[] = [
  { name: 'a node whose pod wants it gets it', input: { users: a('p') }, actions: ['attach a'] },
  {
    name: 'a node that attaches by itself is left alone',
    input: { users: a('p'), nodes: new Map([['a', node({ managed: false })]]) },
    actions: [],
  },
  { name: 'a node that is gone gets nothing', input: { users: [pod('p', 'gone')] }, actions: [] },
  {
    name: 'what is not attached yet is waited for',
    input: { users: a('p'), attachments: [attachment('a', { status: { attached: false } })] },
    actions: [],
  },
  {
    name: 'what is attached is told',
    input: {
      users: a('p', 'q'),
      attachments: [attachment('a')],
      nodes: new Map([['a', node({ reported: false })]]),
    },
    actions: ['report a p q'],
  },
  { name: 'and that once', input: { users: a('p'), attachments: [attachment('a')] }, actions: [] },
  {
    name: 'what cannot be attached is told',
    input: {
      users: a('p'),
      attachments: [attachment('a', { status: { attached: false, attachError: { message: 'no room' } as never } })],
    },
    actions: ['fail a p: no room'],
  },
  {
    name: 'what is being detached is waited for',
    input: { users: a('p'), attachments: [attachment('a', { deleted: true })] },
    actions: [],
  },
  {
    name: 'one node at a time has what is exclusive',
    input: { users: [pod('p', 'a'), pod('q', 'b')] },
    actions: ['attach a', 'refuse b q: Volume is already used by pod(s) p'],
  },
  {
    name: 'pods of other namespaces are counted, not named',
    input: { users: [pod('p', 'a'), pod('x', 'a', 'other'), pod('q', 'b'), pod('r', 'b', 'third')] },
    actions: [
      'attach a',
      'refuse b q: Volume is already used by pod(s) p and 1 pod(s) in different namespaces',
      'refuse b r: Volume is already used by 2 pod(s) in different namespaces',
    ],
  },
  {
    name: 'a volume on its way off one node is not given to another',
    input: { users: [pod('q', 'b')], attachments: [attachment('a', { deleted: true })] },
    actions: ["refuse b q: Volume is already exclusively attached to one node and can't be attached to another"],
  },
  {
    name: 'what many may have is given to all',
    input: { volume: volumeOf('ReadWriteOnce', 'ReadOnlyMany'), users: [pod('p', 'a'), pod('q', 'b')] },
    actions: ['attach a', 'attach b'],
  },
  { name: 'what nobody wants goes', input: { attachments: [attachment('a')] }, actions: ['detach a'] },
  {
    name: 'what others have attached stays',
    input: { attachments: [attachment('a', { name: 'by-hand' })] },
    actions: [],
  },
  { name: 'that of a node that is gone goes', input: { attachments: [attachment('gone')] }, actions: ['detach gone'] },
  {
    name: 'what is mounted stays as long as its node answers',
    input: { attachments: [attachment('a')], nodes: new Map([['a', node({ mounted: true })]]) },
    actions: [],
  },
  {
    name: 'a node that does not answer has six minutes',
    input: { attachments: [attachment('a')], nodes: new Map([['a', node({ mounted: true, ready: false })]]) },
    actions: [],
    after: 6 * minute,
  },
  {
    name: 'of which some have passed',
    input: {
      attachments: [attachment('a')],
      nodes: new Map([['a', node({ mounted: true, ready: false })]]),
      unwantedSince: new Map([['a', now - 5 * minute]]),
    },
    actions: [],
    after: minute,
  },
  {
    name: 'after which it is taken away by force',
    input: {
      attachments: [attachment('a')],
      nodes: new Map([['a', node({ mounted: true, ready: false })]]),
      unwantedSince: new Map([['a', now - 6 * minute]]),
    },
    actions: ['detach a by timeout'],
  },
  {
    name: 'as it is at once from a node that is out of service',
    input: {
      attachments: [attachment('a')],
      nodes: new Map([['a', node({ mounted: true, ready: false, outOfService: true })]]),
    },
    actions: ['detach a by out-of-service'],
  },
]

describe('volumes are attached and detached', () => {
  for (const { name, input, actions, after } of cases)
    it(name, () => {
      const plan = planAttachments({
        volume: exclusive,
        users: [],
        nodes: new Map([
          ['a', node()],
          ['b', node()],
        ]),
        attachments: [],
        unwantedSince: new Map(),
        now,
        ...input,
      })
      const said = plan.actions.map(action => {
        const head = `${action.type} ${action.nodeName}`
        if (action.type === 'refuse') return `${head} ${action.pod.metadata.name}: ${action.why}`
        if (action.type === 'attach') return head
        if (action.type === 'detach') return action.forced ? `${head} by ${action.forced}` : head
        const pods = action.pods.map(({ metadata }) => metadata.name).join(' ')
        return action.type === 'fail' ? `${head} ${pods}: ${action.why}` : `${head} ${pods}`
      })
      assert.deepEqual(said, actions)
      assert.equal(plan.after, after)
    })

  it('attachments have the names by which kubelets look for them', () =>
    assert.equal(
      attachmentName({ handle: 'vol-1', driver: 'd' }, 'n'),
      'csi-dd56c8ae9f1f8dd1a80cfb1f18c6c38b35f6a9cac3bebd1325ddc6868faaf9cf',
    ))
})
