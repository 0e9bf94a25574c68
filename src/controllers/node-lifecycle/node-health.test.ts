import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Node, NodeCondition, Taint } from '../../api/core/v1/index.js'
import { latestSign, lostConditions, missingLabels } from './node-health.js'
import { type EvictionTaint, wantedTaints } from './node-taints.js'

const now = '2026-01-01T00:00:00Z'
const before = '2025-01-01T00:00:00Z'

function node(conditions: { readonly [type: string]: string }, spec: Node['spec'] = {}): Node {
  return {
    metadata: { name: 'n', creationTimestamp: before },
    spec,
    status: {
      conditions: Object.entries(conditions).map(([type, status]) => ({
        type,
        status,
        reason: 'R',
        message: 'm',
        lastHeartbeatTime: before,
        lastTransitionTime: before,
      })),
    },
  } as unknown as Node
}

const shown = ({ type, status, reason, lastHeartbeatTime, lastTransitionTime }: NodeCondition): string =>
  `${type} ${status} ${reason} ${lastHeartbeatTime === before} ${lastTransitionTime === now}`

test('nobody knows the state of a node that is not heard of any more', () => {
  const conditions = { Ready: 'True', MemoryPressure: 'False', DiskPressure: 'Unknown', NetworkUnavailable: 'False' }
  const lost = lostConditions(node(conditions), now)
  assert.deepEqual(lost.map(shown), [
    'Ready Unknown NodeStatusUnknown true true',
    'MemoryPressure Unknown NodeStatusUnknown true true',
    'PIDPressure Unknown NodeStatusNeverUpdated true true',
  ])
  assert.deepEqual(
    lost.map(({ message }) => message),
    [
      'Kubelet stopped posting node status.',
      'Kubelet stopped posting node status.',
      'Kubelet never posted node status.',
    ],
  )
  const unknown = { Ready: 'Unknown', MemoryPressure: 'Unknown', DiskPressure: 'Unknown', PIDPressure: 'Unknown' }
  assert.deepEqual(lostConditions(node(unknown), now), [])
})

test('a renewed lease and a posted status are signs of life', () => {
  const lease = (renewTime: string) => ({ metadata: {}, spec: { renewTime } })
  const signs = [
    latestSign(node({}), undefined),
    latestSign(node({ Ready: 'True' }), undefined),
    latestSign(node({ Ready: 'True' }), lease('1')),
    latestSign(node({ Ready: 'True' }), lease('2')),
  ]
  assert.equal(new Set(signs).size, signs.length)
})

test('older labels follow newer ones', () => {
  const labelled = (labels: { [label: string]: string }): Node => ({ ...node({}), metadata: { labels } })
  assert.deepEqual(missingLabels(labelled({ 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64' })), {
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': 'arm64',
  })
  assert.deepEqual(missingLabels(labelled({ 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'x' })), {
    'beta.kubernetes.io/os': 'linux',
  })
  assert.equal(missingLabels(labelled({ 'beta.kubernetes.io/os': 'linux' })), undefined)
  assert.equal(missingLabels({ ...node({}), metadata: {} }), undefined)
})

const prefix = 'node.kubernetes.io/'
const taint = (text: string): Taint => {
  const [key = '', effect = '', timeAdded] = text.split(' ')
  return { key: key.includes('/') ? key : prefix + key, effect, ...(timeAdded ? { timeAdded } : {}) }
}
const taintText = ({ key, effect, timeAdded }: Taint): string =>
  `${key.replace(prefix, '')} ${effect}${timeAdded === now ? ' now' : timeAdded ? ` ${timeAdded}` : ''}`

describe('taints', () => {
  const cases: {
    name: string
    conditions?: { readonly [type: string]: string }
    unschedulable?: boolean
    eviction?: EvictionTaint
    taints?: string[]
    wanted: string[] | undefined
  }[] = [
    { name: 'none', conditions: { Ready: 'True' }, wanted: undefined },
    { name: 'a node that never said anything has none', taints: ['not-ready NoSchedule'], wanted: [] },
    {
      name: 'not ready',
      conditions: { Ready: 'False' },
      eviction: `${prefix}not-ready`,
      wanted: ['not-ready NoSchedule now', 'not-ready NoExecute now'],
    },
    {
      name: 'not heard of, others being more urgent',
      conditions: { Ready: 'Unknown' },
      eviction: 'keep',
      wanted: ['unreachable NoSchedule now'],
    },
    {
      name: 'pressures and the rest',
      conditions: {
        Ready: 'True',
        MemoryPressure: 'True',
        DiskPressure: 'True',
        PIDPressure: 'True',
        NetworkUnavailable: 'True',
      },
      unschedulable: true,
      wanted: [
        'memory-pressure NoSchedule now',
        'disk-pressure NoSchedule now',
        'pid-pressure NoSchedule now',
        'network-unavailable NoSchedule now',
        'unschedulable NoSchedule now',
      ],
    },
    { name: 'unknown pressures are none', conditions: { Ready: 'True', MemoryPressure: 'Unknown' }, wanted: undefined },
    {
      name: 'well again',
      conditions: { Ready: 'True', MemoryPressure: 'False' },
      taints: ['not-ready NoSchedule', 'not-ready NoExecute', 'memory-pressure NoSchedule', 'unschedulable NoSchedule'],
      wanted: [],
    },
    {
      name: 'from silent to not ready, pods keep their time',
      conditions: { Ready: 'False' },
      eviction: `${prefix}not-ready`,
      taints: [`unreachable NoSchedule ${before}`, `unreachable NoExecute ${before}`],
      wanted: ['not-ready NoSchedule now', `not-ready NoExecute ${before}`],
    },
    {
      name: 'as it is',
      conditions: { Ready: 'False' },
      eviction: `${prefix}not-ready`,
      taints: [`not-ready NoExecute ${before}`, `not-ready NoSchedule ${before}`],
      wanted: undefined,
    },
    {
      name: 'kept while it is not decided',
      conditions: {},
      eviction: 'keep',
      taints: ['not-ready NoExecute'],
      wanted: undefined,
    },
    {
      name: 'those of others stay',
      conditions: { Ready: 'True' },
      taints: [
        'example.com/x NoSchedule',
        'out-of-service NoExecute',
        'not-ready PreferNoSchedule',
        'not-ready NoExecute',
      ],
      wanted: ['example.com/x NoSchedule', 'out-of-service NoExecute', 'not-ready PreferNoSchedule'],
    },
  ]
  for (const { name, conditions = {}, unschedulable = false, eviction = 'none', taints = [], wanted } of cases)
    test(name, () => {
      const spec = { ...(unschedulable ? { unschedulable } : {}), taints: taints.map(taint) }
      assert.deepEqual(wantedTaints(node(conditions, spec), eviction, now)?.map(taintText), wanted)
    })
})
