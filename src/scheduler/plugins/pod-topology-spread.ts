import type { Node, Pod, TopologySpreadConstraint } from '../../api/core/v1/index.js'
import { nodeMatches } from '../../api/core/v1/node-matches.js'
import type { Selector } from '../../machinery/labels.js'
import { DomainCounts } from '../domain-counts.js'
import { maximumScore, type NodeScorer, type SchedulerPlugin, type Snapshot } from '../framework.js'
import { nodeInterest, podInterest } from '../hints.js'
import type { NodeInfo } from '../node-info.js'
import { selectionIn, withKeys } from '../pod-selection.js'
import { untolerated } from './taint-toleration.js'

const hostname = 'kubernetes.io/hostname'
const zone = 'topology.kubernetes.io/zone'

/** Without constraints of its own, a pod of a service or workload is spread so, as far as possible. */
const defaults = [
  { topologyKey: hostname, maxSkew: 3 },
  { topologyKey: zone, maxSkew: 5 },
]

const mismatch = "node(s) didn't match pod topology spread constraints"

interface Constraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: Selector
  /** Whether pods on the node count, and its domain exists for the constraint. */
  readonly includes: (node: Node) => boolean
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ */
export const podTopologySpread: SchedulerPlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  events: [
    podInterest(['add', 'delete', 'update', 'updatePodLabel'], concerns),
    nodeInterest(['add', 'delete', 'update']),
    { of: 'waitingPod', changes: ['updatePodLabel'] },
  ],
  filter({ pod, snapshot }) {
    const constraints = constraintsOf(pod, 'DoNotSchedule')
    if (constraints.length === 0) return undefined
    const nodes = snapshot.nodes.filter(info => hasDomains(info, constraints))
    const rules = constraints.map(constraint => {
      const counts = podCounts(constraint, pod, snapshot)
      const domains = new DomainCounts()
      for (const { name, node } of nodes) {
        if (!node || !constraint.includes(node)) continue
        domains.add(node.metadata.labels?.[constraint.topologyKey] ?? '', counts.get(name) ?? 0)
      }
      const skew = constraint.maxSkew - (constraint.selector.matches(pod.metadata.labels) ? 1 : 0)
      return { constraint, domains, skew }
    })
    const count = (other: Pod, info: NodeInfo, by: 1 | -1) => {
      const { node } = info
      if (!node || other.metadata.namespace !== pod.metadata.namespace || other.metadata.deletionTimestamp) return
      if (!hasDomains(info, constraints)) return
      for (const { constraint, domains } of rules)
        if (constraint.selector.matches(other.metadata.labels) && constraint.includes(node))
          domains.add(node.metadata.labels?.[constraint.topologyKey] ?? '', by)
    }
    return {
      filter({ node }) {
        for (const { constraint, domains, skew } of rules) {
          const domain = node?.metadata.labels?.[constraint.topologyKey]
          if (domain === undefined) return { reasons: [`${mismatch} (missing required label)`], unresolvable: true }
          const least = domains.size < constraint.minDomains ? 0 : domains.least
          if (domains.of(domain) > least + skew) return { reasons: [mismatch] }
        }
        return undefined
      },
      podAdded: (other, info) => count(other, info, 1),
      podRemoved: (other, info) => count(other, info, -1),
    }
  },
  score({ pod, snapshot }, candidates) {
    const own = (pod.spec.topologySpreadConstraints?.length ?? 0) > 0
    const constraints = own ? constraintsOf(pod, 'ScheduleAnyway') : defaultConstraints(pod, snapshot)
    return constraints.length > 0 ? scorer(pod, snapshot, candidates, constraints, own) : undefined
  },
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
  const parts = constraints.map(constraint => {
    const { topologyKey, maxSkew } = constraint
    const counts = podCounts(constraint, pod, snapshot)
    const domains = new Map<string, number>()
    if (topologyKey !== hostname) {
      for (const { node } of counted) {
        const domain = node?.metadata.labels?.[topologyKey]
        if (domain !== undefined) domains.set(domain, 0)
      }
      for (const [name, count] of counts) {
        const info = snapshot.get(name)
        if (!info?.node || (needsAll && !hasDomains(info, constraints)) || !constraint.includes(info.node)) continue
        const domain = info.node.metadata.labels?.[topologyKey] ?? ''
        const known = domains.get(domain)
        if (known !== undefined) domains.set(domain, known + count)
      }
    }
    // Few domains with many pods each must not outweigh many domains with few.
    const weight = Math.log((topologyKey === hostname ? counted.length : domains.size) + 2)
    const countOf = ({ name }: NodeInfo, domain: string): number =>
      (topologyKey === hostname ? counts.get(name) : domains.get(domain)) ?? 0
    return { topologyKey, maxSkew, weight, countOf }
  })
  return {
    score(info) {
      if (needsAll && !hasDomains(info, constraints)) return ignored
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

const podCounts = ({ selector }: Constraint, { metadata }: Pod, snapshot: Snapshot) =>
  snapshot.podCounts({ selections: [selectionIn(metadata.namespace ?? '', selector)], terminating: false })

const hasDomains = ({ node }: NodeInfo, constraints: readonly Constraint[]): boolean =>
  constraints.every(({ topologyKey }) => node?.metadata.labels?.[topologyKey] !== undefined)

function constraintsOf(pod: Pod, action: TopologySpreadConstraint['whenUnsatisfiable']): Constraint[] {
  const chosen = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === action,
  )
  return chosen.map(
    ({ topologyKey, maxSkew, minDomains, labelSelector, matchLabelKeys, nodeAffinityPolicy, nodeTaintsPolicy }) => ({
      topologyKey,
      maxSkew,
      minDomains: minDomains ?? 1,
      selector: withKeys(labelSelector, pod.metadata.labels, matchLabelKeys),
      includes: node =>
        (nodeAffinityPolicy === 'Ignore' || nodeMatches(pod.spec, node)) &&
        (nodeTaintsPolicy !== 'Honor' || untolerated(pod, node) === undefined),
    }),
  )
}

function defaultConstraints(pod: Pod, snapshot: Snapshot): Constraint[] {
  const selector = snapshot.workloadSelector(pod)
  if (!selector) return []
  const includes = (node: Node) => nodeMatches(pod.spec, node)
  return defaults.map(constraint => ({ ...constraint, minDomains: 1, selector, includes }))
}

/** Whether a change of a pod on a node may make room for the pod: it counts, or has counted, for one of its constraints. */
function concerns(pod: Pod, old: Pod | undefined, now: Pod | undefined): boolean {
  const { namespace } = pod.metadata
  const selectors = constraintsOf(pod, 'DoNotSchedule').map(({ selector }) => selector)
  return [old, now].some(
    other => other?.metadata.namespace === namespace && selectors.some(each => each.matches(other?.metadata.labels)),
  )
}
