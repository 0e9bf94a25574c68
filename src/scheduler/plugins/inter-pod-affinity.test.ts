import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Node, Pod } from '../../api/core/v1/index.js'
import { noSurroundings, type Surroundings } from '../surroundings.js'
import { clusterOf, cycleOf, nodeOf, type Placed, placement, pluginOf, podOf } from '../test-cluster.js'

const zone = 'topology.kubernetes.io/zone'
const host = 'kubernetes.io/hostname'
const term = (app: string, topologyKey = zone, more: object = {}): object => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
})
const required = (...terms: object[]) => ({ requiredDuringSchedulingIgnoredDuringExecution: terms })
const preferred = (weight: number, podAffinityTerm: object) => ({
  preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }],
})
const near = (affinity: object) => ({ affinity: { podAffinity: affinity } })
const apart = (affinity: object) => ({ affinity: { podAntiAffinity: affinity } })

const surroundings: Surroundings = {
  ...noSurroundings,
  namespaceLabels: (name: string) => ({ team: name === 'other' ? 'x' : 'y' }),
}
const zones = [nodeOf('a1', 'a'), nodeOf('a2', 'a'), nodeOf('b1', 'b')]
const none = (nodes: number, listed: string) => `0/${nodes} nodes are available: ${listed}.`
const other = { namespace: 'other' }

describe('InterPodAffinity filter', () => {
  const cases: readonly {
    readonly what: string
    readonly pod: Pod
    readonly nodes?: readonly Node[]
    readonly placed: Placed
    readonly expect: string
  }[] = [
    {
      what: 'near another',
      pod: podOf('new', {}, near(required(term('db')))),
      placed: [[podOf('x', { app: 'db' }), 'b1']],
      expect: 'b1',
    },
    {
      what: 'near nobody',
      pod: podOf('new', {}, near(required(term('db')))),
      placed: [],
      expect: none(3, "3 node(s) didn't match pod affinity rules"),
    },
    {
      what: 'the first of those that want to be near their like',
      pod: podOf('new', { app: 'db' }, near(required(term('db')))),
      nodes: [nodeOf('b1', 'b'), nodeOf('c1')],
      placed: [],
      expect: 'b1',
    },
    {
      what: 'pods count that all terms select',
      pod: podOf(
        'new',
        {},
        near(required(term('db'), term('db', host, { labelSelector: { matchLabels: { r: '1' } } }))),
      ),
      placed: [
        [podOf('x', { app: 'db' }), 'b1'],
        [podOf('y', { app: 'db', r: '1' }), 'a2'],
      ],
      expect: 'a2',
    },
    {
      what: 'apart from another',
      pod: podOf('new', {}, apart(required(term('db')))),
      placed: [[podOf('x', { app: 'db' }), 'a1']],
      expect: 'b1',
    },
    {
      what: 'apart from all',
      pod: podOf('new', {}, apart(required(term('db', host)))),
      placed: zones.map(({ metadata: { name = '' } }) => [podOf(name, { app: 'db' }), name] as const),
      expect: none(3, "3 node(s) didn't match pod anti-affinity rules"),
    },
    {
      what: 'those that are there want to be apart from it',
      pod: podOf('new', { app: 'web' }),
      placed: [[podOf('x', {}, apart(required(term('web')))), 'a1']],
      expect: 'b1',
    },
    {
      what: 'all that are there want to be apart from it',
      pod: podOf('new', { app: 'web' }),
      nodes: [nodeOf('a1', 'a')],
      placed: [[podOf('x', {}, apart(required(term('web')))), 'a1']],
      expect: none(1, "1 node(s) didn't satisfy existing pods anti-affinity rules"),
    },
    {
      what: 'another namespace is not meant',
      pod: podOf('new', {}, apart(required(term('db')))),
      nodes: [nodeOf('a1', 'a')],
      placed: [[podOf('x', { app: 'db' }, {}, other), 'a1']],
      expect: 'a1',
    },
    {
      what: 'a namespace by name',
      pod: podOf('new', {}, near(required(term('db', zone, { namespaces: ['other'] })))),
      placed: [
        [podOf('x', { app: 'db' }, {}, other), 'b1'],
        [podOf('y', { app: 'db' }), 'a1'],
      ],
      expect: 'b1',
    },
    {
      what: 'namespaces by label',
      pod: podOf('new', {}, near(required(term('db', zone, { namespaceSelector: { matchLabels: { team: 'x' } } })))),
      placed: [
        [podOf('x', { app: 'db' }, {}, other), 'b1'],
        [podOf('y', { app: 'db' }), 'a1'],
      ],
      expect: 'b1',
    },
    {
      what: 'all namespaces, of one that is there',
      pod: podOf('new', { app: 'web' }, {}, other),
      placed: [[podOf('x', {}, apart(required(term('web', zone, { namespaceSelector: {} })))), 'a1']],
      expect: 'b1',
    },
    {
      what: 'only the same revision',
      pod: podOf('new', { r: '2' }, apart(required(term('db', zone, { matchLabelKeys: ['r'] })))),
      placed: [
        [podOf('x', { app: 'db', r: '1' }), 'b1'],
        [podOf('y', { app: 'db', r: '2' }), 'a1'],
      ],
      expect: 'b1',
    },
    {
      what: 'only other tenants',
      pod: podOf('new', { t: '2' }, apart(required(term('db', zone, { mismatchLabelKeys: ['t'] })))),
      placed: [
        [podOf('x', { app: 'db', t: '1' }), 'a1'],
        [podOf('y', { app: 'db', t: '2' }), 'b1'],
      ],
      expect: 'b1',
    },
    {
      what: 'no selector selects nothing',
      pod: podOf('new', {}, apart(required({ topologyKey: zone }))),
      nodes: [nodeOf('a1', 'a')],
      placed: [[podOf('x', { app: 'db' }), 'a1']],
      expect: 'a1',
    },
  ]
  for (const { what, pod, nodes = zones, placed, expect } of cases)
    it(what, () => assert.equal(placement(pod, clusterOf(nodes, placed, surroundings)), expect))

  it('forgets the terms of pods that go, and follows the labels of namespaces', () => {
    let team = 'x'
    const state = clusterOf([nodeOf('a1', 'a')], [], { ...surroundings, namespaceLabels: () => ({ team }) })
    state.assume(podOf('x', {}, apart(required(term('web')))), 'a1')
    assert.match(placement(podOf('new', { app: 'web' }), state), /existing pods/)
    state.removePod('x')
    assert.equal(placement(podOf('new', { app: 'web' }), state), 'a1')
    state.assume(podOf('y', { app: 'db' }, {}, other), 'a1')
    const selective = term('db', zone, { namespaceSelector: { matchLabels: { team: 'x' } } })
    const pod = podOf('new', {}, apart(required(selective)))
    assert.match(placement(pod, state), /anti-affinity/)
    team = 'y'
    state.namespaceChanged()
    assert.equal(placement(pod, state), 'a1')
  })
})

describe('InterPodAffinity score', () => {
  const scores = (pod: Pod, placed: Placed) => {
    const state = clusterOf(zones, placed, surroundings)
    const candidates = zones.flatMap(({ metadata }) => state.get(metadata.name ?? '') ?? [])
    const scorer = pluginOf('InterPodAffinity').score?.(cycleOf(pod, state), candidates)
    const raw = candidates.map(info => scorer?.score(info) ?? Number.NaN)
    return scorer && { raw, normalized: scorer.normalize?.(raw) }
  }
  const cases: readonly {
    readonly what: string
    readonly pod: Pod
    readonly placed: Placed
    readonly raw: readonly number[] | undefined
    readonly normalized?: readonly number[]
  }[] = [
    { what: 'nothing preferred', pod: podOf('new'), placed: [], raw: undefined },
    {
      what: 'its own wishes, for each pod',
      pod: podOf('new', {}, near(preferred(5, term('db')))),
      placed: [
        [podOf('x', { app: 'db' }), 'a1'],
        [podOf('y', { app: 'db' }), 'a2'],
      ],
      raw: [10, 10, 0],
      normalized: [100, 100, 0],
    },
    {
      what: 'its own aversions',
      pod: podOf('new', {}, apart(preferred(5, term('db', host)))),
      placed: [[podOf('x', { app: 'db' }), 'a1']],
      raw: [-5, 0, 0],
      normalized: [0, 100, 100],
    },
    {
      what: 'the wishes of those that are there',
      pod: podOf('new', { app: 'web' }),
      placed: [
        [podOf('x', {}, near(preferred(4, term('web', host)))), 'a1'],
        [podOf('y', {}, apart(preferred(4, term('web', host)))), 'a2'],
        [podOf('z', {}, near(required(term('web')))), 'b1'],
      ],
      raw: [4, -4, 1],
      normalized: [100, 0, 62],
    },
  ]
  for (const { what, pod, placed, raw, normalized } of cases)
    it(what, () => {
      const found = scores(pod, placed)
      assert.deepEqual(found?.raw, raw)
      assert.deepEqual(found?.normalized, normalized)
    })
})
