import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Node, Pod } from '../api/core/v1/index.js'
import { nodeMatches } from '../api/core/v1/node-matches.js'
import type { Client } from '../client/client.js'
import type { Informers } from '../client/informers.js'
import { ManualClock } from '../machinery/clock.js'
import { chooseNode } from './choose-node.js'
import { buildProfiles } from './configuration/build-profiles.js'
import { defaultConfiguration } from './configuration/read-configuration.js'
import { hostPortsOf, portsConflict } from './node-info.js'
import { untolerated } from './plugins/taint-toleration.js'
import { podRequest } from './resources.js'
import { Scheduler } from './scheduler.js'
import { clusterOf, defaultPlugins, nodeOf, podOf } from './test-cluster.js'

const zone = 'topology.kubernetes.io/zone'

/** A cluster whose API server does what it is told, and tells of it a little later. */
class World {
  readonly nodes = new Map<string, Node>()
  readonly pods = new Map<string, Pod>()
  readonly faults: unknown[] = []
  readonly #scheduler: Scheduler

  constructor() {
    const client = {
      post: async (
        _kind: unknown,
        { name = '' }: { name?: string },
        _verb: string,
        body: { target: { name: string } },
      ) => {
        const pod = this.pods.get(name)
        if (!pod) throw new Error('the pod is gone')
        assert.equal(pod.spec.nodeName, undefined, 'bound once')
        this.put({ ...pod, spec: { ...pod.spec, nodeName: body.target.name } })
        return body
      },
      patch: async (_kind: unknown, { name = '' }: { name?: string }, { body }: { body: { status: object } }) => {
        const pod = this.pods.get(name)
        if (pod) this.put({ ...pod, status: { ...pod.status, ...body.status } } as Pod)
        return pod
      },
      delete: async (_kind: unknown, { name = '' }: { name?: string }) => this.deletePod(name),
    }
    const informers = { of: () => ({ list: () => [], get: () => undefined, synced: async () => {} }) }
    this.#scheduler = new Scheduler({
      client: client as unknown as Client,
      informers: informers as unknown as Informers,
      recorder: () => ({ record: () => {} }),
      profiles: buildProfiles(defaultConfiguration()),
      clock: new ManualClock(),
      onError: error => this.faults.push(error),
    })
  }

  put(pod: Pod): void {
    const name = pod.metadata.name ?? ''
    const old = this.pods.get(name)
    this.pods.set(name, pod)
    setImmediate(() => this.#scheduler.podChanged(pod, old))
  }

  deletePod(name: string): void {
    const old = this.pods.get(name)
    if (!old) return
    this.pods.delete(name)
    setImmediate(() => this.#scheduler.podChanged(undefined, old))
  }

  putNode(node: Node): void {
    const name = node.metadata.name ?? ''
    const old = this.nodes.get(name)
    this.nodes.set(name, node)
    setImmediate(() => this.#scheduler.nodeChanged(node, old))
  }

  /** Lets the scheduler work until it has nothing more to do. */
  async settle(): Promise<void> {
    let quiet = 0
    while (quiet < 5) {
      await new Promise(resolve => setImmediate(resolve))
      const { active, backoff, inFlight } = this.#scheduler.figures().pending
      quiet = active + backoff + inFlight === 0 ? quiet + 1 : 0
    }
    this.#scheduler[Symbol.dispose]()
    assert.deepEqual(this.faults, [])
  }
}

interface PodShape {
  readonly cpu: number
  readonly priority: number
  readonly app: string
  readonly port: boolean
  readonly selects: boolean
  readonly tolerates: boolean
  readonly relation: 'none' | 'apart' | 'near' | 'spread'
}

const rarely = fc.constantFrom(false, false, false, true)
const podShape: fc.Arbitrary<PodShape> = fc.record({
  cpu: fc.constantFrom(0, 15, 15, 30),
  priority: fc.constantFrom(0, 0, 0, 10),
  app: fc.constantFrom('a', 'b'),
  port: rarely,
  selects: rarely,
  tolerates: fc.boolean(),
  relation: fc.constantFrom('none', 'none', 'none', 'none', 'apart', 'near', 'spread'),
})
const nodeShape = fc.record({ zone: fc.constantFrom('x', 'y'), ssd: fc.boolean(), tainted: fc.boolean() })

function podFrom(name: string, shape: PodShape): Pod {
  const labelSelector = { matchLabels: { app: shape.app } }
  const terms = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: zone, labelSelector }] }
  return podOf(
    name,
    { app: shape.app },
    {
      schedulerName: 'default-scheduler',
      priority: shape.priority,
      containers: [
        {
          name: 'c',
          image: 'i',
          resources: { requests: { cpu: String(shape.cpu) } },
          ...(shape.port ? { ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] } : {}),
        },
      ],
      ...(shape.selects ? { nodeSelector: { disk: 'ssd' } } : {}),
      ...(shape.tolerates ? { tolerations: [{ operator: 'Exists' }] } : {}),
      ...(shape.relation === 'apart' ? { affinity: { podAntiAffinity: terms } } : {}),
      ...(shape.relation === 'near' ? { affinity: { podAffinity: terms } } : {}),
      ...(shape.relation === 'spread'
        ? {
            topologySpreadConstraints: [
              { topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector },
            ],
          }
        : {}),
    },
  )
}

const nodeFrom = (name: string, shape: { zone: string; ssd: boolean; tainted: boolean }): Node =>
  nodeOf(
    name,
    shape.zone,
    shape.tainted ? { taints: [{ key: 'k', effect: 'NoSchedule' }] } : {},
    shape.ssd ? { disk: 'ssd' } : {},
  )

/** Whether a pod's own required anti-affinity keeps it off the zone of another. */
const keepsApart = (pod: Pod, other: Pod): boolean =>
  pod.spec.affinity?.podAntiAffinity !== undefined && pod.metadata.labels?.['app'] === other.metadata.labels?.['app']

function checkPlacements({ nodes, pods }: World): void {
  const zoneOf = (pod: Pod) => nodes.get(pod.spec.nodeName ?? '')?.metadata.labels?.[zone]
  const placed = [...pods.values()].filter(({ spec }) => spec.nodeName)
  for (const [name, node] of nodes) {
    const here = placed.filter(({ spec }) => spec.nodeName === name)
    const cpu = here.reduce((sum, pod) => sum + (podRequest(pod).requested['cpu'] ?? 0), 0)
    assert.ok(cpu <= 64_000, `${name} has ${cpu} of 64000`)
    for (const pod of here) {
      assert.ok(nodeMatches(pod.spec, node), 'node selector')
      assert.equal(untolerated(pod, node), undefined, 'taint')
      for (const other of here)
        if (other !== pod)
          assert.ok(
            !hostPortsOf(pod).some(port => hostPortsOf(other).some(taken => portsConflict(port, taken))),
            'host ports',
          )
    }
  }
  for (const pod of placed)
    for (const other of placed)
      if (pod !== other && zoneOf(pod) === zoneOf(other)) assert.ok(!keepsApart(pod, other), 'anti-affinity')
}

/** Nobody is left waiting who could have a node. */
function checkNobodyForgotten({ nodes, pods }: World): void {
  const placed = [...pods.values()].filter(({ spec }) => spec.nodeName)
  const state = clusterOf([...nodes.values()])
  for (const pod of placed) state.setPod(pod)
  for (const pod of pods.values()) {
    if (pod.spec.nodeName || pod.status.nominatedNodeName) continue
    assert.equal(chooseNode(pod, state, defaultPlugins, { random: () => 0 }).node, undefined, `${pod.metadata.name}`)
  }
}

const shapeless = { cpu: 0, priority: 0, app: 'a', port: false, selects: false, tolerates: false } as const

describe('Scheduler', () => {
  it('overcommits nothing, breaks no hard constraint and forgets nobody, in whatever order things happen', async () => {
    const action = fc.oneof(
      { weight: 9, arbitrary: fc.record({ do: fc.constant('pod' as const), shape: podShape }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('node' as const), shape: nodeShape }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('untaint' as const), which: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), async actions => {
        const world = new World()
        for (const [i, each] of actions.entries()) {
          if (each.do === 'pod') world.put(podFrom(`pod-${i}`, each.shape))
          else if (each.do === 'node') world.putNode(nodeFrom(`node-${i}`, each.shape))
          else if (each.do === 'wait') await new Promise(resolve => setImmediate(resolve))
          else if (each.do === 'delete') {
            const names = [...world.pods.keys()]
            world.deletePod(names[each.which % Math.max(1, names.length)] ?? '')
          } else {
            const nodes = [...world.nodes.values()]
            const node = nodes[each.which % Math.max(1, nodes.length)]
            if (node) world.putNode({ ...node, spec: { ...node.spec, taints: [] } } as Node)
          }
        }
        await world.settle()
        checkPlacements(world)
        checkNobodyForgotten(world)
      }),
      {
        numRuns: 100,
        examples: [
          [
            [
              // It is nominated to the node, and waits for pods to leave, not for its own port.
              { do: 'pod', shape: { ...shapeless, relation: 'none' } },
              { do: 'pod', shape: { ...shapeless, cpu: 15, priority: 10, port: true, relation: 'apart' } },
              { do: 'pod', shape: { ...shapeless, cpu: 15, relation: 'none' } },
              { do: 'wait' },
              { do: 'node', shape: { zone: 'x', ssd: false, tainted: false } },
              { do: 'pod', shape: { ...shapeless, relation: 'none' } },
              { do: 'pod', shape: { ...shapeless, cpu: 30, app: 'b', relation: 'none' } },
              { do: 'pod', shape: { ...shapeless, cpu: 15, app: 'b', relation: 'none' } },
              { do: 'untaint', which: 0 },
            ],
          ],
          [
            [
              // What it was promised others may have when it turns out that it cannot use it.
              { do: 'node', shape: { zone: 'x', ssd: true, tainted: false } },
              { do: 'pod', shape: { ...shapeless, app: 'b', relation: 'none' } },
              { do: 'wait' },
              { do: 'pod', shape: { ...shapeless, cpu: 30, priority: 10, app: 'b', relation: 'apart' } },
              { do: 'wait' },
              { do: 'delete', which: 0 },
              { do: 'untaint', which: 0 },
              { do: 'node', shape: { zone: 'x', ssd: false, tainted: false } },
              { do: 'pod', shape: { ...shapeless, cpu: 15, selects: true, relation: 'none' } },
              { do: 'pod', shape: { ...shapeless, cpu: 30, priority: 10, app: 'b', relation: 'none' } },
            ],
          ],
          [
            [
              // It gets another node than it was promised.
              { do: 'node', shape: { zone: 'x', ssd: false, tainted: false } },
              { do: 'node', shape: { zone: 'y', ssd: false, tainted: false } },
              { do: 'pod', shape: { ...shapeless, app: 'b', relation: 'apart' } },
              { do: 'wait' },
              { do: 'pod', shape: { ...shapeless, cpu: 30, priority: 10, app: 'b', relation: 'near' } },
              { do: 'pod', shape: { ...shapeless, cpu: 30, relation: 'none' } },
              { do: 'pod', shape: { ...shapeless, app: 'b', port: true, relation: 'none' } },
              { do: 'pod', shape: { ...shapeless, cpu: 15, port: true, relation: 'none' } },
              { do: 'wait' },
              { do: 'node', shape: { zone: 'x', ssd: true, tainted: true } },
            ],
          ],
        ],
      },
    )
  })

  it('places the pods of higher priority when there is not room for all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 6 }), async priorities => {
        const world = new World()
        for (const priority of priorities)
          world.put(
            podFrom(`pod-${priority}`, {
              cpu: 30,
              priority,
              app: 'a',
              port: false,
              selects: false,
              tolerates: false,
              relation: 'none',
            }),
          )
        for (const name of ['one', 'two']) world.putNode(nodeFrom(name, { zone: 'x', ssd: false, tainted: false }))
        await world.settle()
        const placed = [...world.pods.values()].filter(({ spec }) => spec.nodeName).map(({ spec }) => spec.priority)
        assert.deepEqual(placed.sort(), [3, 4, 5, 6])
      }),
      { numRuns: 20 },
    )
  })

  it('fills nodes with pods of a kind to the brim, and uses what becomes free', async () => {
    const plain = { cpu: 15, priority: 0, app: 'a', port: false, selects: false, tolerates: false } as const
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), async leaving => {
        const world = new World()
        for (const name of ['one', 'two']) world.putNode(nodeFrom(name, { zone: 'x', ssd: false, tainted: false }))
        for (let i = 0; i < 16; i++) world.put(podFrom(`pod-${i}`, { ...plain, relation: 'none' }))
        for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
        const placed = [...world.pods.values()].filter(({ spec }) => spec.nodeName)
        assert.equal(placed.length, 8, 'four to a node')
        for (const which of leaving) world.deletePod(placed[which]?.metadata.name ?? '')
        await world.settle()
        checkPlacements(world)
        assert.equal([...world.pods.values()].filter(({ spec }) => spec.nodeName).length, 8)
      }),
      { numRuns: 20 },
    )
  })
})
