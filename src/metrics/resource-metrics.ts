import { Node, Pod } from '../api/core/v1/index.js'
import type { NodeMetrics, PodMetrics } from '../api/metrics/v1beta1/index.js'
import { type Cache, type Client, type Informers, runControllers } from '../client/index.js'
import { type Clock, rfc3339, systemClock } from '../machinery/clock.js'
import { compareText } from '../machinery/compare-text.js'
import { keyOf } from '../machinery/object.js'
import { nodeScraper } from './node-scraper.js'
import { PointStore } from './point-store.js'
import { containerUsage, isSimulated, nodeUsage } from './simulated-usage.js'
import { windowText } from './usage-rate.js'

/** What nodes and pods use, as `metrics.k8s.io` shows it; of those for which there are figures, in the order of names. */
export interface ResourceMetrics {
  readonly nodes: () => readonly NodeMetrics[]
  /** Of all namespaces if none is given, and of those pods alone that match. */
  readonly pods: (namespace?: string, matches?: PodTest) => readonly PodMetrics[]
}

type PodTest = (pod: Pick<Pod, 'metadata'>) => boolean

export interface ResourceMetricsOptions {
  /** Must be allowed to `get` `nodes/proxy`. */
  readonly client: Client
  /** Where nodes and pods are read. */
  readonly informers: Informers
  readonly clock?: Clock
  /** Told of nodes whose figures cannot be had, once each until they can be had again. */
  readonly onError: (error: unknown) => void
}

/** The resolution, in milliseconds: metrics-server's own. */
const period = 15_000
const firstPeriod = 3000
const timeout = 10_000
/** Figures older than this are not shown: two scrapes may fail. */
const lifetime = 3 * period + timeout

/** Follows what the nodes use, as their kubelets tell it, until disposed of. */
export function startResourceMetrics(options: ResourceMetricsOptions): ResourceMetrics & AsyncDisposable {
  const { client, informers, clock = systemClock, onError } = options
  const points = new PointStore(period, lifetime)
  informers.of(Pod)
  const scraper = nodeScraper({
    period,
    firstPeriod,
    timeout,
    taken: (name, sample) => points.take(name, sample, clock.now()),
    forget: name => points.forget(name),
    onError,
  })
  const running = runControllers([scraper], { client, informers, clock, onError: error => onError(error) })
  return {
    nodes: () => nodeMetrics(informers, points, clock.now()),
    pods: (namespace, matches = () => true) => podMetrics(informers, points, clock.now(), namespace, matches),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

const apiVersion = 'metrics.k8s.io/v1beta1'

function nodeMetrics(cache: Cache, points: PointStore, now: number): NodeMetrics[] {
  const found: NodeMetrics[] = []
  const nodes = cache.list(Node)
  const simulated = nodes.some(isSimulated) ? runningPods(cache) : undefined
  for (const node of nodes) {
    const { name = '', labels } = node.metadata
    const used = isSimulated(node)
      ? { usage: nodeUsage(simulated?.get(name) ?? []), time: now, window: period }
      : points.node(name, now)
    if (!used) continue
    found.push({
      kind: 'NodeMetrics',
      apiVersion,
      metadata: { name, ...(labels ? { labels } : {}), creationTimestamp: rfc3339(now) } as NodeMetrics['metadata'],
      timestamp: rfc3339(used.time),
      window: windowText(used.window),
      usage: used.usage,
    })
  }
  return found.sort(byName)
}

/** By their nodes. */
function runningPods(cache: Cache): ReadonlyMap<string, readonly Pod[]> {
  const found = new Map<string, Pod[]>()
  for (const pod of cache.list(Pod)) {
    const { nodeName } = pod.spec
    if (pod.status.phase !== 'Running' || !nodeName) continue
    const pods = found.get(nodeName)
    if (pods) pods.push(pod)
    else found.set(nodeName, [pod])
  }
  return found
}

function podMetrics(
  cache: Cache,
  points: PointStore,
  now: number,
  namespace: string | undefined,
  matches: PodTest,
): PodMetrics[] {
  const found: PodMetrics[] = []
  for (const pod of cache.list(Pod, namespace ? { namespace } : {})) {
    const { metadata, spec, status } = pod
    if (status.phase !== 'Running' || !spec.nodeName || !matches(pod)) continue
    const node = cache.get(Node, { name: spec.nodeName })
    const used =
      node && isSimulated(node)
        ? spec.containers.map(({ name }) => ({ name, usage: containerUsage(pod), time: now, window: period }))
        : points.pod(spec.nodeName, keyOf(metadata), now)
    // Containers are measured one by one; the one that was measured first speaks for the pod.
    const first = used?.reduce((one, other) => (other.time < one.time ? other : one))
    if (!used || !first) continue
    const { name = '', namespace: of = '', labels } = metadata
    found.push({
      kind: 'PodMetrics',
      apiVersion,
      metadata: {
        name,
        namespace: of,
        ...(labels ? { labels } : {}),
        creationTimestamp: rfc3339(now),
      } as PodMetrics['metadata'],
      timestamp: rfc3339(first.time),
      window: windowText(first.window),
      containers: used.map(({ name, usage }) => ({ name, usage })),
    })
  }
  return found.sort(byName)
}

const byName = (a: NodeMetrics | PodMetrics, b: NodeMetrics | PodMetrics): number =>
  compareText(a.metadata.namespace ?? '', b.metadata.namespace ?? '') ||
  compareText(a.metadata.name ?? '', b.metadata.name ?? '')
