import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node, Pod } from '../../api/core/v1/index.js'
import { selectorFromLabels } from '../../machinery/labels.js'
import { noSurroundings, type Surroundings } from '../surroundings.js'
import { clusterOf, cycleOf, nodeOf, type Placed, placement, pluginOf, podOf } from '../test-cluster.js'

const zone = 'topology.kubernetes.io/zone'
const app = { app: 'web' }

const constraint = (more: object = {}): object => ({
  topologyKey: zone,
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: app },
  ...more,
})
const spreading = (...constraints: object[]): Pod => podOf('new', app, { topologySpreadConstraints: constraints })
const web = (name: string, node: string, labels: object = app, spec = {}, metadata = {}): readonly [Pod, string] => [
  podOf(name, labels, spec, metadata),
  node,
]

const zones = [nodeOf('a1', 'a'), nodeOf('a2', 'a'), nodeOf('b1', 'b')]
const none = (nodes: number, listed: string) => `0/${nodes} nodes are available: ${listed}.`
const mismatch = "node(s) didn't match pod topology spread constraints"

describe('PodTopologySpread filter', () => {
  const cases: readonly {
    readonly what: string
    readonly pod: Pod
    readonly nodes: readonly Node[]
    readonly placed: Placed
    readonly expect: string
  }[] = [
    {
      what: 'the zone with fewer',
      pod: spreading(constraint()),
      nodes: zones,
      placed: [web('x', 'a1')],
      expect: 'b1',
    },
    {
      what: 'other labels do not count',
      pod: spreading(constraint()),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b')],
      placed: [web('x', 'b1'), web('y', 'a1', { app: 'db' }), web('z', 'a1', { app: 'db' })],
      expect: 'a1',
    },
    {
      what: 'other namespaces do not count',
      pod: spreading(constraint()),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b', { unschedulable: true })],
      placed: [web('x', 'a1', app, {}, { namespace: 'other' })],
      expect: 'a1',
    },
    {
      what: 'pods being deleted do not count',
      pod: spreading(constraint()),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b', { unschedulable: true })],
      placed: [web('x', 'a1', app, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
      expect: 'a1',
    },
    {
      what: 'a pod that its own selector does not select makes no skew',
      pod: spreading(constraint({ labelSelector: { matchLabels: { app: 'db' } } })),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b', { unschedulable: true })],
      placed: [web('x', 'a1', { app: 'db' })],
      expect: 'a1',
    },
    {
      what: 'a label that is missing, and a zone that is full',
      pod: spreading(constraint()),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b', { unschedulable: true }), nodeOf('c1')],
      placed: [web('x', 'a1')],
      expect: none(3, `1 ${mismatch}, 1 ${mismatch} (missing required label), 1 node(s) were unschedulable`),
    },
    {
      what: 'too few domains',
      pod: spreading(constraint({ minDomains: 3 })),
      nodes: zones,
      placed: [web('x', 'a1'), web('y', 'b1')],
      expect: none(3, `3 ${mismatch}`),
    },
    {
      what: 'enough domains',
      pod: spreading(constraint({ minDomains: 2 })),
      nodes: zones,
      placed: [web('x', 'a1'), web('y', 'a2'), web('z', 'b1')],
      expect: 'b1',
    },
    {
      what: 'nodes that the pod does not want are no domains',
      pod: podOf('new', app, { nodeSelector: { disk: 'ssd' }, topologySpreadConstraints: [constraint()] }),
      nodes: [nodeOf('a1', 'a', {}, { disk: 'ssd' }), nodeOf('b1', 'b')],
      placed: [web('x', 'a1')],
      expect: 'a1',
    },
    {
      what: 'nodes that the pod does not want, counted by wish',
      pod: podOf('new', app, {
        nodeSelector: { disk: 'ssd' },
        topologySpreadConstraints: [constraint({ nodeAffinityPolicy: 'Ignore' })],
      }),
      nodes: [nodeOf('a1', 'a', {}, { disk: 'ssd' }), nodeOf('b1', 'b')],
      placed: [web('x', 'a1')],
      expect: none(2, `1 node(s) didn't match Pod's node affinity/selector, 1 ${mismatch}`),
    },
    {
      what: 'tainted nodes count',
      pod: spreading(constraint()),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      placed: [web('x', 'a1')],
      expect: none(2, `1 ${mismatch}, 1 node(s) had untolerated taint(s)`),
    },
    {
      what: 'tainted nodes do not count by wish',
      pod: spreading(constraint({ nodeTaintsPolicy: 'Honor' })),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b', { taints: [{ key: 'k', effect: 'NoSchedule' }] })],
      placed: [web('x', 'a1')],
      expect: 'a1',
    },
    {
      what: 'only pods of the same revision',
      pod: podOf(
        'new',
        { ...app, rev: '2' },
        { topologySpreadConstraints: [constraint({ matchLabelKeys: ['rev', 'absent'] })] },
      ),
      nodes: [nodeOf('a1', 'a'), nodeOf('b1', 'b')],
      placed: [web('x', 'a1', { ...app, rev: '1' }), web('y', 'b1', { ...app, rev: '2' })],
      expect: 'a1',
    },
    {
      what: 'two constraints, both must hold',
      pod: spreading(constraint(), constraint({ topologyKey: 'kubernetes.io/hostname' })),
      nodes: zones,
      placed: [web('x', 'a1'), web('y', 'b1')],
      expect: 'a2',
    },
  ]
  for (const { what, pod, nodes, placed, expect } of cases)
    it(what, () => assert.equal(placement(pod, clusterOf(nodes, placed)), expect))

  it('follows pods that come and go', () => {
    const state = clusterOf(zones)
    assert.equal(placement(spreading(constraint()), state).slice(0, 1) === '0', false)
    state.assume(podOf('x', app), 'b1')
    assert.match(placement(spreading(constraint()), state), /^a/)
    state.setPod({ ...podOf('x', app), spec: { ...podOf('x').spec, nodeName: 'a1' } })
    assert.equal(placement(spreading(constraint()), state), 'b1')
    state.setPod({ ...podOf('x', { app: 'db' }), spec: { ...podOf('x').spec, nodeName: 'a1' } })
    state.assume(podOf('y', app), 'b1')
    assert.match(placement(spreading(constraint()), state), /^a/)
    state.removePod('y')
    state.assume(podOf('z', app), 'a1')
    assert.equal(placement(spreading(constraint()), state), 'b1')
  })
})

describe('PodTopologySpread score', () => {
  const surroundings: Surroundings = { ...noSurroundings, workloadSelector: () => selectorFromLabels(app) }
  const scores = (pod: Pod, nodes: readonly Node[], placed: Placed, given?: Surroundings) => {
    const state = clusterOf(nodes, placed, given)
    const candidates = nodes.flatMap(({ metadata }) => state.get(metadata.name ?? '') ?? [])
    const scorer = pluginOf('PodTopologySpread').score?.(cycleOf(pod, state), candidates)
    const raw = candidates.map(info => scorer?.score(info) ?? Number.NaN)
    return scorer?.normalize?.(raw)
  }
  const anyway = { whenUnsatisfiable: 'ScheduleAnyway' }
  const host = constraint({ ...anyway, topologyKey: 'kubernetes.io/hostname' })

  it('has nothing to say without constraints', () => assert.equal(scores(podOf('new'), zones, []), undefined))
  it('is even when nothing is there', () => assert.deepEqual(scores(spreading(host), zones, []), [100, 100, 100]))
  it('prefers hosts with fewer', () => {
    // Three hosts weigh ln 5: 3, 2 and 0 after rounding.
    const placed = [web('1', 'a1'), web('2', 'a1'), web('3', 'a2')]
    assert.deepEqual(scores(spreading(host), zones, placed), [0, 33, 100])
  })
  it('prefers zones with fewer', () => {
    const placed = [web('1', 'a1'), web('2', 'a2'), web('3', 'b1')]
    assert.deepEqual(scores(spreading(constraint(anyway)), zones, placed), [33, 33, 100])
  })
  it('gives nothing to nodes without the label', () =>
    assert.deepEqual(scores(spreading(constraint(anyway)), [...zones, nodeOf('c1')], [web('1', 'a1')]), [0, 0, 100, 0]))
  it('spreads pods of a workload by default', () => {
    const placed = [web('1', 'a1'), web('2', 'a1'), web('3', 'a2')]
    const [a1 = 0, a2 = 0, b1 = 0] = scores(podOf('new', app), zones, placed, surroundings) ?? []
    assert.ok(a1 < a2 && a2 < b1, `${a1} ${a2} ${b1}`)
  })
  it('leaves defaults aside where a pod has constraints', () =>
    assert.equal(scores(spreading(constraint()), zones, [web('1', 'a1')], surroundings), undefined))
})
