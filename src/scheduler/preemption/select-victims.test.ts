import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node, Pod } from '../../api/core/v1/index.js'
import { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { decodeJson } from '../../schema/index.js'
import { NominatedPods } from '../nominated-pods.js'
import { PreparedFilters } from '../pod-filters.js'
import { profileOf } from '../profile.js'
import { clusterOf, cycleOf, defaultPlugins, nodeOf, type Placed, podOf } from '../test-cluster.js'
import { selectVictims } from './select-victims.js'

const filters = profileOf('', defaultPlugins).filter
const minute = (n: number) => `2026-01-01T00:${String(n).padStart(2, '0')}:00Z`

const sized = (
  name: string,
  cpu: number,
  priority = 0,
  more: { labels?: object; started?: number; spec?: object } = {},
) => {
  const pod = podOf(name, more.labels, {
    priority,
    containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: String(cpu) } } }],
    ...more.spec,
  })
  return { ...pod, status: { ...pod.status, startTime: minute(more.started ?? 0) } } as Pod
}

const budget = (allowed: number, app: string, disrupted: string[] = []): PodDisruptionBudget =>
  decodeJson(PodDisruptionBudget, {
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app } } },
    status: {
      disruptionsAllowed: allowed,
      disruptedPods: Object.fromEntries(disrupted.map(name => [name, minute(0)])),
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
    },
  }) as PodDisruptionBudget

const app = { labels: { app: 'a' } }
const zone = 'topology.kubernetes.io/zone'
const apart = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: zone, labelSelector: { matchLabels: { app: 'a' } } },
      ],
    },
  },
}

describe('selectVictims', () => {
  const cases: readonly {
    readonly what: string
    readonly pod: Pod
    readonly nodes?: readonly Node[]
    readonly placed: Placed
    readonly budgets?: readonly PodDisruptionBudget[]
    readonly nominated?: readonly Pod[]
    /** Victims with violations after a slash, or reasons. */
    readonly expect: string
  }[] = [
    {
      what: 'nobody of lower priority',
      pod: sized('new', 64, 5),
      placed: [[sized('x', 10, 5), 'a']],
      expect: 'No preemption victims found for incoming pod',
    },
    {
      what: 'not enough even if all left',
      pod: sized('new', 60, 5),
      placed: [
        [sized('x', 10, 5), 'a'],
        [sized('y', 10, 1), 'a'],
      ],
      expect: 'Insufficient cpu',
    },
    {
      what: 'as few as possible, the less important ones',
      pod: sized('new', 20, 5),
      placed: [
        [sized('x', 30, 2), 'a'],
        [sized('y', 14, 1), 'a'],
        [sized('z', 20, 1, { started: 5 }), 'a'],
      ],
      expect: 'z/0',
    },
    {
      what: 'of equals the one that has run the shortest',
      pod: sized('new', 20, 5),
      placed: [
        [sized('x', 32, 1, { started: 1 }), 'a'],
        [sized('y', 32, 1, { started: 9 }), 'a'],
      ],
      expect: 'y/0',
    },
    {
      what: 'those whose budget allows it',
      pod: sized('new', 20, 5),
      placed: [
        [sized('x', 32, 1, app), 'a'],
        [sized('y', 32, 3), 'a'],
      ],
      budgets: [budget(0, 'a')],
      expect: 'y/0',
    },
    {
      what: 'those of a broken budget where it must be',
      pod: sized('new', 64, 5),
      placed: [
        [sized('x', 32, 1, app), 'a'],
        [sized('y', 32, 3, app), 'a'],
      ],
      budgets: [budget(1, 'a')],
      expect: 'y,x/1',
    },
    {
      what: 'a disruption that is under way is counted already',
      pod: sized('new', 64, 5),
      placed: [
        [sized('x', 32, 1, app), 'a'],
        [sized('y', 32, 3, app), 'a'],
      ],
      budgets: [budget(1, 'a', ['x'])],
      expect: 'y,x/0',
    },
    {
      what: 'a budget that selects everything counts for nothing',
      pod: sized('new', 64, 5),
      placed: [[sized('x', 32, 1, app), 'a']],
      budgets: [
        decodeJson(PodDisruptionBudget, { metadata: { namespace: 'default' }, spec: { selector: {} } }) as never,
      ],
      expect: 'x/0',
    },
    {
      what: 'room that is promised to others is not there',
      pod: sized('new', 20, 5),
      placed: [
        [sized('x', 20, 1, { started: 1 }), 'a'],
        [sized('y', 20, 1, { started: 2 }), 'a'],
      ],
      nominated: [sized('n', 30, 5)],
      expect: 'x,y/0',
    },
    {
      what: 'anti-affinity: only the pod that is in the way',
      pod: sized('new', 1, 5, { spec: apart }),
      placed: [
        [sized('x', 1, 1, app), 'a'],
        [sized('y', 1, 1), 'a'],
      ],
      expect: 'x/0',
    },
    {
      what: 'anti-affinity: the one in the way is on another node of the zone',
      pod: sized('new', 1, 5, { spec: apart }),
      nodes: [nodeOf('a', 'z'), nodeOf('b', 'z')],
      placed: [
        [sized('x', 1, 1, app), 'b'],
        [sized('y', 1, 1), 'a'],
      ],
      expect: "node(s) didn't match pod anti-affinity rules",
    },
    {
      what: 'the anti-affinity of those that are there',
      pod: sized('new', 1, 5, app),
      placed: [[sized('x', 1, 1, { spec: apart }), 'a']],
      expect: 'x/0',
    },
    {
      what: 'spreading: one of the zone that has too many',
      pod: sized('new', 1, 5, {
        ...app,
        spec: {
          topologySpreadConstraints: [
            {
              topologyKey: zone,
              maxSkew: 1,
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: { app: 'a' } },
            },
          ],
        },
      }),
      nodes: [nodeOf('a', 'z'), nodeOf('b', 'y')],
      placed: [
        [sized('x', 1, 1, app), 'a'],
        [sized('y', 1, 1), 'a'],
      ],
      expect: 'x/0',
    },
    {
      what: 'a host port',
      pod: sized('new', 1, 5, {
        spec: {
          containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }],
        },
      }),
      placed: [
        [
          sized('x', 1, 1, {
            spec: {
              containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }],
            },
          }),
          'a',
        ],
        [sized('y', 1, 1), 'a'],
      ],
      expect: 'x/0',
    },
  ]
  for (const { what, pod, nodes = [nodeOf('a', 'z')], placed, budgets = [], nominated = [], expect } of cases)
    it(what, () => {
      const state = clusterOf(nodes, placed)
      const promised = new NominatedPods()
      for (const other of nominated) promised.set(other, 'a')
      const prepared = new PreparedFilters(cycleOf(pod, state), filters, promised)
      const node = state.get('a')
      assert.ok(node)
      const before = prepared.judge(node)
      const result = selectVictims(pod, node, prepared, budgets)
      const text =
        'reasons' in result
          ? result.reasons.join()
          : `${result.pods.map(({ metadata }) => metadata.name).join()}/${result.violations}`
      assert.equal(text, expect)
      assert.deepEqual(prepared.judge(node), before, 'the filters know the cluster as it is')
    })
})
