import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Node, Pod } from '../api/core/v1/index.js'
import { decodeJson } from '../schema/index.js'
import { chooseNode, sampleSize } from './choose-node.js'
import { ClusterState } from './cluster-state.js'
import type { SchedulerPlugin } from './framework.js'
import { defaultPlugins } from './test-cluster.js'

const makePod = (spec: object = {}, metadata: object = {}): Pod =>
  decodeJson(Pod, {
    metadata: { name: 'pod', namespace: 'default', uid: 'pod', ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  }) as Pod

const requesting = (cpu: string, memory = '0', spec: object = {}): object => ({
  ...spec,
  containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory } } }],
})

const makeNode = (name: string, { spec = {}, labels = {}, allocatable = {}, images = [] as object[] } = {}): Node =>
  decodeJson(Node, {
    metadata: { name, labels },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10', ...allocatable }, images },
  }) as Node

function stateOf(nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []): ClusterState {
  const state = new ClusterState()
  for (const node of nodes) state.setNode(node)
  for (const [pod, node] of placed) state.assume(pod, node)
  return state
}

const choose = (pod: Pod, state: ClusterState, plugins: readonly SchedulerPlugin[] = defaultPlugins) =>
  chooseNode(pod, state, plugins, { random: () => 0.5 })

describe('chooseNode', () => {
  const tainted = (effect: string) => ({ spec: { taints: [{ key: 'k', value: 'v', effect }] } })
  const cases: readonly {
    readonly what: string
    readonly pod: Pod
    readonly nodes: readonly Node[]
    readonly placed?: readonly (readonly [Pod, string])[]
    readonly expect: string | { readonly message: string }
  }[] = [
    { what: 'no nodes', pod: makePod(), nodes: [], expect: { message: 'no nodes available to schedule pods' } },
    { what: 'the only node', pod: makePod(), nodes: [makeNode('a')], expect: 'a' },
    {
      what: 'the named node',
      pod: makePod({ nodeName: 'b' }),
      nodes: [makeNode('a'), makeNode('b')],
      expect: 'b',
    },
    {
      what: 'enough cpu',
      pod: makePod(requesting('2')),
      nodes: [makeNode('a', { allocatable: { cpu: '1' } }), makeNode('b')],
      expect: 'b',
    },
    {
      what: 'why nobody will do, counted',
      pod: makePod(requesting('2', '1Ti')),
      nodes: [
        makeNode('a', { allocatable: { cpu: '1' } }),
        makeNode('b'),
        makeNode('c', { spec: { unschedulable: true } }),
      ],
      expect: {
        message: '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable, 2 Insufficient memory.',
      },
    },
    {
      what: 'pods that are there take their share',
      pod: makePod(requesting('2')),
      nodes: [makeNode('a'), makeNode('b')],
      placed: [[makePod(requesting('3'), { uid: 'x' }), 'a']],
      expect: 'b',
    },
    {
      what: 'the emptier node is better',
      pod: makePod(requesting('100m', '100Mi')),
      nodes: [makeNode('a'), makeNode('b')],
      placed: [[makePod(requesting('1', '2Gi'), { uid: 'x' }), 'a']],
      expect: 'b',
    },
    {
      what: 'a node full of pods',
      pod: makePod(),
      nodes: [makeNode('a', { allocatable: { pods: '1' } })],
      placed: [[makePod({}, { uid: 'x' }), 'a']],
      expect: { message: '0/1 nodes are available: 1 Too many pods.' },
    },
    {
      what: 'an untolerated taint',
      pod: makePod(),
      nodes: [makeNode('a', tainted('NoSchedule'))],
      expect: { message: '0/1 nodes are available: 1 node(s) had untolerated taint(s).' },
    },
    {
      what: 'a tolerated taint',
      pod: makePod({ tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] }),
      nodes: [makeNode('a', tainted('NoExecute'))],
      expect: 'a',
    },
    {
      what: 'a taint that is only preferred',
      pod: makePod(),
      nodes: [makeNode('a', tainted('PreferNoSchedule')), makeNode('b')],
      expect: 'b',
    },
    {
      what: 'a node selector',
      pod: makePod({ nodeSelector: { disk: 'ssd' } }),
      nodes: [makeNode('a'), makeNode('b', { labels: { disk: 'ssd' } })],
      expect: 'b',
    },
    {
      what: 'a required node affinity nobody meets',
      pod: makePod({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'n', operator: 'Gt', values: ['5'] }] }],
            },
          },
        },
      }),
      nodes: [makeNode('a', { labels: { n: '5' } })],
      expect: { message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector." },
    },
    {
      what: 'a host port that is taken',
      pod: makePod({
        containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }],
      }),
      nodes: [makeNode('a'), makeNode('b')],
      placed: [
        [
          makePod(
            { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 80, protocol: 'TCP' }] }] },
            { uid: 'x' },
          ),
          'a',
        ],
      ],
      expect: 'b',
    },
    {
      what: 'a cordoned node that is tolerated',
      pod: makePod({ tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }),
      nodes: [makeNode('a', { spec: { unschedulable: true } })],
      expect: 'a',
    },
    {
      what: 'a node that has the image',
      pod: makePod({ containers: [{ name: 'c', image: 'big' }] }),
      nodes: [makeNode('a'), makeNode('b', { images: [{ names: ['big:latest'], sizeBytes: 2_000_000_000 }] })],
      expect: 'b',
    },
  ]
  for (const { what, pod, nodes, placed, expect } of cases)
    it(what, () => {
      const choice = choose(pod, stateOf(nodes, placed))
      if (typeof expect === 'string') assert.equal(choice.node, expect)
      else {
        assert.equal(choice.node, undefined)
        assert.equal('message' in choice && choice.message, expect.message)
      }
    })

  it('breaks ties by chance', () => {
    const state = stateOf([makeNode('a'), makeNode('b'), makeNode('c')])
    const chosen = new Set<string | undefined>()
    for (const random of [0, 0.4, 0.9])
      chosen.add(chooseNode(makePod(), state, defaultPlugins, { random: () => random }).node)
    assert.ok(chosen.size > 1)
  })
})

describe('sampleSize', () => {
  for (const [nodes, expected] of [
    [1, 1],
    [99, 99],
    [100, 100],
    [1000, 420],
    [5000, 500],
    [10_000, 500],
  ] as const)
    it(`${nodes} nodes`, () => assert.equal(sampleSize(nodes), expected))
})

describe('ClusterState', () => {
  it('counts a pod once, wherever it comes from', () => {
    const state = stateOf([makeNode('a')])
    const pod = makePod(requesting('1'))
    state.assume(pod, 'a')
    state.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'a' } })
    assert.equal(state.get('a')?.requested['cpu'], 1000)
    state.removePod('pod')
    assert.equal(state.get('a')?.requested['cpu'], 0)
  })

  it('forgets an assumption, but not what the server has confirmed', () => {
    const state = stateOf([makeNode('a')])
    state.assume(makePod(requesting('1')), 'a')
    state.forget('pod')
    assert.equal(state.get('a')?.pods.size, 0)
    state.setPod(makePod({ ...requesting('1'), nodeName: 'a' }))
    state.forget('pod')
    assert.equal(state.get('a')?.pods.size, 1)
  })

  it('keeps the pods of a node that goes and comes back', () => {
    const state = stateOf([makeNode('a')])
    state.setPod(makePod({ ...requesting('1'), nodeName: 'a' }))
    state.removeNode('a')
    assert.equal(state.nodes.length, 0)
    state.setNode(makeNode('a'))
    assert.equal(state.get('a')?.requested['cpu'], 1000)
  })
})
