import { Lease } from '../../api/coordination/v1/index.js'
import { Node, Pod } from '../../api/core/v1/index.js'
import { type Again, type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { rfc3339 } from '../../machinery/clock.js'
import { isNotFound, StatusError } from '../../machinery/status-error.js'
import { podReady } from '../pod-state.js'
import { latestSign, lostConditions, missingLabels, readyCondition, readyStatus } from './node-health.js'
import { type EvictionTaint, evicts, notReadyTaint, unreachableTaint, wantedTaints } from './node-taints.js'
import { podsByNode } from './pods-by-node.js'
import { SignsOfLife } from './signs-of-life.js'
import { type DisruptionLimits, evictionRate, isEverythingLost, TokenBucket, zoneOf, zonesOf } from './zones.js'

export interface NodeLifecycleOptions extends Partial<DisruptionLimits> {
  /** A node whose lease and status have not been renewed for so many ms is lost; 40,000 by default. */
  readonly nodeMonitorGracePeriod?: number
  /** The same for a node that has not posted its status yet; 60,000 by default. */
  readonly nodeStartupGracePeriod?: number
}

const leaseNamespace = 'kube-node-lease'

const defaults = {
  nodeMonitorGracePeriod: 40_000,
  nodeStartupGracePeriod: 60_000,
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  largeClusterSizeThreshold: 50,
  unhealthyZoneThreshold: 0.55,
}

interface Watched {
  readonly signs: SignsOfLife
  node: Node
}

/**
 * Watches over nodes: says of those that are not heard of any more that nobody knows their state, taints nodes by their
 * conditions, and has pods sent away from those that are not ready, one after the other and not when most are lost.
 * https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller. Each call makes a controller of its own.
 */
export function nodeLifecycle(options: NodeLifecycleOptions = {}): Controller {
  const settings = { ...defaults, ...options }
  const watched = new Map<string, Watched>()
  const buckets = new Map<string, TokenBucket>()
  let stopped: AbortSignal | undefined

  function watch(node: Node, { clock, events, signal }: ReconcileContext): Watched {
    const { name = '', uid } = node.metadata
    let found = watched.get(name)
    if (found && found.node.metadata.uid === uid) found.node = node
    else {
      found?.signs[Symbol.dispose]()
      found = { signs: new SignsOfLife(clock), node }
      watched.set(name, found)
      events.record(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`)
    }
    if (!stopped) {
      stopped = signal
      const end = () => {
        for (const { signs } of watched.values()) signs[Symbol.dispose]()
      }
      signal.addEventListener('abort', end, { once: true })
    }
    return found
  }

  function forget(name: string, { events }: ReconcileContext): void {
    const found = watched.get(name)
    if (!found) return
    found.signs[Symbol.dispose]()
    watched.delete(name)
    events.record(found.node, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`)
  }

  const grace = (node: Node): number =>
    readyCondition(node) ? settings.nodeMonitorGracePeriod : settings.nodeStartupGracePeriod

  /** The node, its conditions unknown if it is really lost: the caches may be behind. */
  async function checked({ signs, node }: Watched, sign: string, context: ReconcileContext): Promise<Node> {
    const { client, clock, events, signal } = context
    const now = rfc3339(clock.now())
    if (lostConditions(node, now).length === 0) return node
    const live = await client.get(Node, node.metadata, { signal })
    const newest = latestSign(live, await liveLease(node, context))
    if (newest !== sign) {
      signs.seen(newest, grace(live))
      return node
    }
    const conditions = lostConditions(live, now)
    if (conditions.length === 0) return live
    const { uid, resourceVersion } = live.metadata
    const body = { metadata: { uid, resourceVersion }, status: { conditions } }
    const lost = await client.patch(Node, live.metadata, { type: 'strategic', body }, { subresource: 'status', signal })
    if (readyStatus(live) === 'True')
      events.record(live, 'Normal', 'NodeNotReady', `Node ${live.metadata.name} status is now: NodeNotReady`)
    return lost
  }

  /** What is to become of the taint that sends pods away, and in how many ms to ask again. */
  function eviction(node: Node, { list, clock }: ReconcileContext): EvictionDecision {
    const status = readyStatus(node)
    if (status === undefined) return { taint: 'keep' }
    if (status === 'True') return { taint: 'none' }
    const { name } = node.metadata
    const nodes = list(Node).map(other => (other.metadata.name === name ? node : other))
    const zones = zonesOf(nodes, settings)
    if (isEverythingLost(zones)) return { taint: 'none' }
    const taint = status === 'False' ? notReadyTaint : unreachableTaint
    if (evicts(node)) return { taint }
    const zone = zoneOf(node)
    const rate = evictionRate(zones.get(zone), settings)
    const now = clock.now()
    let bucket = buckets.get(zone)
    if (!bucket) buckets.set(zone, (bucket = new TokenBucket(now)))
    return bucket.take(rate, now) ? { taint, bucket } : { taint: 'keep', after: bucket.wait(rate, now) }
  }

  async function mark(
    node: Node,
    decision: EvictionDecision,
    { client, clock, signal }: ReconcileContext,
  ): Promise<Node> {
    const taints = wantedTaints(node, decision.taint, rfc3339(clock.now()))
    const labels = missingLabels(node)
    if (!taints && !labels) return node
    const { uid, resourceVersion } = node.metadata
    const body = {
      metadata: { uid, resourceVersion, ...(labels ? { labels } : {}) },
      ...(taints ? { spec: { taints: taints.length > 0 ? taints : null } } : {}),
    }
    try {
      return await client.patch(Node, node.metadata, { type: 'merge', body }, { signal })
    } catch (error) {
      decision.bucket?.giveBack()
      throw error
    }
  }

  return controller({
    name: 'node-lifecycle',
    eventSource: 'node-controller',
    watches: {
      for: Node,
      reads: [Pod],
      also: [
        watchAlso(Lease, ({ metadata }) =>
          metadata.namespace === leaseNamespace ? [{ namespace: '', name: metadata.name ?? '' }] : [],
        ),
        // What may be done about one depends on how the others are.
        watchAlso(Node, (node, old, cache) => {
          if (old && readyStatus(old) === readyStatus(node) && cache.get(Node, node.metadata)) return []
          return cache
            .list(Node)
            .filter(other => readyStatus(other) !== 'True')
            .map(({ metadata }) => ({ namespace: '', name: metadata.name ?? '' }))
        }),
      ],
    },
    async reconcile({ name }, context): Promise<Again | undefined> {
      const node = context.get(Node, { name })
      if (!node) {
        forget(name, context)
        return undefined
      }
      const found = watch(node, context)
      const { signs } = found
      const sign = latestSign(node, context.get(Lease, { namespace: leaseNamespace, name }))
      signs.seen(sign, grace(node))
      const current = signs.missing ? await checked(found, sign, context) : node
      const decision = eviction(current, context)
      const marked = await mark(current, decision, context)
      // A kubelet that is heard of speaks for its pods, whatever became of its node's conditions.
      if (signs.missing && readyStatus(marked) === 'Unknown') await takeBackReadiness(name, context)
      const after = Math.min(
        decision.after ?? Number.POSITIVE_INFINITY,
        signs.missing ? Number.POSITIVE_INFINITY : signs.remaining,
      )
      return Number.isFinite(after) ? { after } : undefined
    },
  })
}

interface EvictionDecision {
  readonly taint: EvictionTaint
  /** Where a token was taken for it. */
  readonly bucket?: TokenBucket
  readonly after?: number
}

/** The node's lease as the server has it; as the cache has it if it is not ours to ask for. */
async function liveLease({ metadata }: Node, { client, get, signal }: ReconcileContext): Promise<Lease | undefined> {
  const ref = { namespace: leaseNamespace, name: metadata.name ?? '' }
  try {
    return await client.get(Lease, ref, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (error instanceof StatusError && error.code === 403) return get(Lease, ref)
    throw error
  }
}

/** Pods on a lost node are not ready: nobody should be sent to them. */
async function takeBackReadiness(node: string, { by, client, clock, events, signal }: ReconcileContext): Promise<void> {
  for (const pod of by(podsByNode, node)) {
    if (!podReady(pod)) continue
    const { uid, resourceVersion, generation } = pod.metadata
    const condition = {
      type: 'Ready',
      status: 'False',
      lastTransitionTime: rfc3339(clock.now()),
      ...(generation ? { observedGeneration: generation } : {}),
    }
    const body = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } }
    try {
      await client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status', signal })
      events.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
