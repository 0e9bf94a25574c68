import type { Node, Pod, TopologySpreadConstraint } from '../../api/core/v1/index.js'
import { nodeMatches } from '../../api/core/v1/node-matches.js'
import type { Selector } from '../../machinery/labels.js'
import { DomainCounts, type DomainTotals, SupposedCounts } from '../domain-counts.js'
import { maximumScore, type NodeScorer, type PluginFactory, type Rejection, type Snapshot } from '../framework.js'
import { nodeInterest, podInterest } from '../hints.js'
import type { NodeInfo } from '../node-info.js'
import { selectionIn, withKeys } from '../pod-selection.js'
import { untolerated } from './taint-toleration.js'

const hostname = 'kubernetes.io/hostname'
const zone = 'topology.kubernetes.io/zone'

export interface PodTopologySpreadArgs {
  /** For pods of services and workloads without constraints of their own. Without selectors: those go by the pod. */
  readonly defaultConstraints?: readonly TopologySpreadConstraint[]
  /** Whether the default constraints are those of the system, as they are by default, or those of the list. */
  readonly defaultingType?: 'System' | 'List'
}

const anyway = { whenUnsatisfiable: 'ScheduleAnyway' }
const systemDefaults: readonly TopologySpreadConstraint[] = [
  { ...anyway, topologyKey: hostname, maxSkew: 3 },
  { ...anyway, topologyKey: zone, maxSkew: 5 },
]

const mismatch = "node(s) didn't match pod topology spread constraints"
const unlabelled: Rejection = { reasons: [`${mismatch} (missing required label)`], unresolvable: true }
const skewed: Rejection = { reasons: [mismatch] }

interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: Selector
  /** It includes every node. */
  readonly includesAll: boolean
  /** Whether pods on the node count, and its domain exists for the constraint. */
  readonly includes: (node: Node) => boolean
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
export const podTopologySpread: PluginFactory = (_, args) => {
  const { defaultConstraints = [], defaultingType = 'System' } = (args ?? {}) as PodTopologySpreadArgs
  const isSystem = defaultingType === 'System'
  const defaults = isSystem ? systemDefaults : defaultConstraints
  return {
    name: 'PodTopologySpread',
    weight: 2,
    events: [
      podInterest(['add', 'delete', 'update', 'updatePodLabel'], concerns),
      nodeInterest(['add', 'delete', 'update']),
      { of: 'waitingPod', changes: ['updatePodLabel'] },
    ],
    filter({ pod, snapshot }) {
      const own = hasOwn(pod)
      const constraints = own
        ? constraintsOf(pod, 'DoNotSchedule')
        : defaultConstraintsOf(pod, snapshot, defaults, 'DoNotSchedule')
      if (constraints.length === 0) return undefined
      const rules = constraints.map(constraint => {
        const selfCounts = constraint.selector.matches(pod.metadata.labels) ? 1 : 0
        const counts = new SupposedCounts(domainsOf(constraint, constraints, pod, snapshot))
        return { constraint, counts, skew: constraint.maxSkew - selfCounts }
      })
      const count = (other: Pod, info: NodeInfo, by: 1 | -1) => {
        const { node } = info
        if (!node || other.metadata.namespace !== pod.metadata.namespace || other.metadata.deletionTimestamp) return
        if (!hasDomains(info, constraints)) return
        for (const { constraint, counts } of rules)
          if (constraint.selector.matches(other.metadata.labels) && constraint.includes(node))
            counts.add(node.metadata.labels?.[constraint.topologyKey] ?? '', by)
      }
      return {
        filter({ node }) {
          for (const { constraint, counts, skew } of rules) {
            const domains = counts.counts
            const domain = node?.metadata.labels?.[constraint.topologyKey]
            if (domain === undefined) return unlabelled
            const least = domains.size < constraint.minDomains ? 0 : domains.least
            if (domains.of(domain) > least + skew) return skewed
          }
          return undefined
        },
        podAdded: (other, info) => count(other, info, 1),
        podRemoved: (other, info) => count(other, info, -1),
      }
    },
    score({ pod, snapshot }, candidates) {
      const own = hasOwn(pod)
      const constraints = own
        ? constraintsOf(pod, 'ScheduleAnyway')
        : defaultConstraintsOf(pod, snapshot, defaults, 'ScheduleAnyway')
      return constraints.length > 0 ? scorer(pod, snapshot, candidates, constraints, own || !isSystem) : undefined
    },
  }
}

/** Pods by domain, of the nodes that count: those that have all domains, and that the pod could do with. */
function domainsOf(constraint: Constraint, all: readonly Constraint[], pod: Pod, snapshot: Snapshot): DomainTotals {
  const query = { selections: [selectionIn(pod.metadata.namespace ?? '', constraint.selector)], terminating: false }
  const total = snapshot.nodes.length
  if (constraint.includesAll && all.every(({ topologyKey }) => snapshot.nodesWithLabel(topologyKey) === total))
    return snapshot.podDomains(query, constraint.topologyKey)
  const pods = snapshot.podCounts(query)
  const counts = new DomainCounts()
  for (const info of snapshot.nodes) {
    const { name, node } = info
    if (node && hasDomains(info, all) && constraint.includes(node))
      counts.addNode(node.metadata.labels?.[constraint.topologyKey] ?? '', pods.get(name) ?? 0)
  }
  return counts
}

/** A node that lacks a label of the pod's own constraints; the worst. */
const ignored = -1

function scorer(
  pod: Pod,
  snapshot: Snapshot,
  candidates: readonly NodeInfo[],
  constraints: readonly Constraint[],
  needsAll: boolean,
): NodeScorer {
  const counted = needsAll ? candidates.filter(info => hasDomains(info, constraints)) : candidates
  const partOf = (constraint: Constraint) => {
    const { topologyKey, maxSkew } = constraint
    const counts = podCounts(constraint, pod, snapshot)
    let domains: { readonly size: number; of(domain: string): number } | undefined
    if (topologyKey !== hostname) domains = candidateDomains(constraint, constraints, counted, pod, snapshot, needsAll)
    // Few domains with many pods each must not outweigh many domains with few.
    const weight = Math.log((domains ? domains.size : counted.length) + 2)
    const countOf = ({ name }: NodeInfo, domain: string): number =>
      domains ? domains.of(domain) : (counts.get(name) ?? 0)
    return { topologyKey, maxSkew, weight, countOf }
  }
  // Who only asks whether there is anything to say need not wait for it.
  let parts: readonly ReturnType<typeof partOf>[] | undefined
  return {
    score(info) {
      if (needsAll && !hasDomains(info, constraints)) return ignored
      parts ??= constraints.map(partOf)
      let sum = 0
      for (const { topologyKey, maxSkew, weight, countOf } of parts) {
        const domain = info.node?.metadata.labels?.[topologyKey]
        if (domain !== undefined) sum += countOf(info, domain) * weight + (maxSkew - 1)
      }
      return Math.round(sum)
    },
    normalize(scores) {
      let [least, most] = [Number.POSITIVE_INFINITY, 0]
      for (const score of scores) {
        if (score === ignored) continue
        least = Math.min(least, score)
        most = Math.max(most, score)
      }
      return scores.map(score => {
        if (score === ignored) return 0
        return most === 0 ? maximumScore : Math.floor((maximumScore * (most + least - score)) / most)
      })
    },
  }
}

/** Pods by domain, of domains that candidates are in. */
function candidateDomains(
  constraint: Constraint,
  all: readonly Constraint[],
  candidates: readonly NodeInfo[],
  pod: Pod,
  snapshot: Snapshot,
  needsAll: boolean,
): { readonly size: number; of(domain: string): number } {
  const { topologyKey } = constraint
  const own = new Set<string>()
  for (const { node } of candidates) {
    const domain = node?.metadata.labels?.[topologyKey]
    if (domain !== undefined) own.add(domain)
  }
  const query = { selections: [selectionIn(pod.metadata.namespace ?? '', constraint.selector)], terminating: false }
  const total = snapshot.nodes.length
  const complete = !needsAll || all.every(({ topologyKey: key }) => snapshot.nodesWithLabel(key) === total)
  if (constraint.includesAll && complete) {
    const totals = snapshot.podDomains(query, topologyKey)
    return { size: own.size, of: domain => totals.of(domain) }
  }
  const domains = new Map<string, number>()
  for (const [name, count] of snapshot.podCounts(query)) {
    const info = snapshot.get(name)
    if (!info?.node || (needsAll && !hasDomains(info, all)) || !constraint.includes(info.node)) continue
    const domain = info.node.metadata.labels?.[topologyKey] ?? ''
    if (own.has(domain)) domains.set(domain, (domains.get(domain) ?? 0) + count)
  }
  return { size: own.size, of: domain => domains.get(domain) ?? 0 }
}

const podCounts = ({ selector }: Constraint, { metadata }: Pod, snapshot: Snapshot) =>
  snapshot.podCounts({ selections: [selectionIn(metadata.namespace ?? '', selector)], terminating: false })

const hasDomains = ({ node }: NodeInfo, constraints: readonly Constraint[]): boolean =>
  constraints.every(({ topologyKey }) => node?.metadata.labels?.[topologyKey] !== undefined)

type Action = TopologySpreadConstraint['whenUnsatisfiable']

const hasOwn = ({ spec }: Pod): boolean => (spec.topologySpreadConstraints?.length ?? 0) > 0

const constraintsOf = (pod: Pod, action: Action): Constraint[] =>
  (pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map(constraint =>
      compiled(pod, constraint, withKeys(constraint.labelSelector, pod.metadata.labels, constraint.matchLabelKeys)),
    )

/** The pods of all services and the workload that the pod is of are spread, by rules that are not its own. */
function defaultConstraintsOf(
  pod: Pod,
  snapshot: Snapshot,
  defaults: readonly TopologySpreadConstraint[],
  action: Action,
): Constraint[] {
  const chosen = defaults.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
  const selector = chosen.length > 0 ? snapshot.workloadSelector(pod) : undefined
  return selector ? chosen.map(constraint => compiled(pod, constraint, selector)) : []
}

function compiled(pod: Pod, constraint: TopologySpreadConstraint, selector: Selector): Constraint {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy, nodeTaintsPolicy } = constraint
  const { nodeSelector, affinity } = pod.spec
  const undemanding =
    Object.keys(nodeSelector ?? {}).length === 0 &&
    !affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    includesAll: (nodeAffinityPolicy === 'Ignore' || undemanding) && nodeTaintsPolicy !== 'Honor',
    includes: node =>
      (nodeAffinityPolicy === 'Ignore' || nodeMatches(pod.spec, node)) &&
      (nodeTaintsPolicy !== 'Honor' || untolerated(pod, node) === undefined),
  }
}

/** Whether a change of a pod on a node may make room for the pod: it counts, or has counted, for one of its constraints. */
function concerns(pod: Pod, old: Pod | undefined, now: Pod | undefined): boolean {
  const { namespace } = pod.metadata
  // Which pods default constraints are about is a matter of others.
  if (!hasOwn(pod)) return [old, now].some(other => other?.metadata.namespace === namespace)
  const selectors = constraintsOf(pod, 'DoNotSchedule').map(({ selector }) => selector)
  return [old, now].some(
    other => other?.metadata.namespace === namespace && selectors.some(each => each.matches(other?.metadata.labels)),
  )
}
