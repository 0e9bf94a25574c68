import { Namespace, type Node, type Pod } from '../../api/core/v1/index.js'
import type { AnyKind } from '../../client/controller.js'
import { nothing } from '../../machinery/labels.js'
import { maximumScore, type NodeFilterFunction, type PluginFactory, type Snapshot } from '../framework.js'
import { nodeInterest, podInterest } from '../hints.js'
import type { NodeInfo } from '../node-info.js'
import { type CountsByNode, termsOf } from '../pod-index.js'
import { type PodTerm, selects } from '../pod-selection.js'

export interface InterPodAffinityArgs {
  /** What one pod's required affinity adds to the score of nodes for a pod that it wants near; 1 by default. */
  readonly hardPodAffinityWeight?: number
  /** Leave the wishes of pods on nodes out of account when the pod has none itself. */
  readonly ignorePreferredTermsOfExistingPods?: boolean
}

/** Sums by topology key, then by the domain's name. */
type Domains = Map<string, Map<string, number>>

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity */
export const interPodAffinity: PluginFactory = (_, args) => {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods } = (args ?? {}) as InterPodAffinityArgs
  return {
    name: 'InterPodAffinity',
    weight: 2,
    events: [
      podInterest(['add', 'delete', 'updatePodLabel'], concerns),
      nodeInterest(['add', 'updateNodeLabel']),
      { of: Namespace as unknown as AnyKind },
    ],
    filter({ pod, snapshot }) {
      const existing: Domains = new Map()
      for (const { kind, term, counts } of snapshot.termsSelecting(pod))
        if (kind === 'requiredAntiAffinity') addDomains(existing, term.topologyKey, counts, 1, snapshot)
      const own = termsOf(pod)
      const near = own.filter(({ kind }) => kind === 'requiredAffinity').map(({ term }) => term)
      const apart = own.filter(({ kind }) => kind === 'requiredAntiAffinity').map(({ term }) => term)
      if (near.length === 0 && apart.length === 0 && existing.size === 0) return undefined

      // Only pods that every term selects count for affinity, each of them for all the terms.
      const wanted: Domains = new Map()
      if (near.length > 0) {
        const counts = snapshot.podCounts({ selections: near, terminating: true })
        for (const { topologyKey } of near) addDomains(wanted, topologyKey, counts, 1, snapshot)
      }
      // The first pod of a group that wants to be near its like has to begin somewhere.
      const ownKind = near.every(term => selects(term, pod, snapshot.namespaceLabels))
      const unwanted: Domains = new Map()
      for (const term of apart) {
        const counts = snapshot.podCounts({ selections: [term], terminating: true })
        addDomains(unwanted, term.topologyKey, counts, 1, snapshot)
      }

      const filter: NodeFilterFunction = info => {
        const labels = info.node?.metadata.labels ?? {}
        const first = wanted.size === 0 && ownKind
        for (const { topologyKey } of near) {
          const domain = labels[topologyKey]
          if (domain === undefined || (!first && !wanted.get(topologyKey)?.has(domain)))
            return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true }
        }
        if (inAny(unwanted, info)) return { reasons: ["node(s) didn't match pod anti-affinity rules"] }
        if (inAny(existing, info)) return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] }
        return undefined
      }
      const count = (other: Pod, { node }: NodeInfo, by: 1 | -1) => {
        const { namespaceLabels } = snapshot
        for (const { kind, term } of termsOf(other))
          if (kind === 'requiredAntiAffinity' && selects(term, pod, namespaceLabels))
            addDomain(existing, term.topologyKey, node, by)
        if (near.length > 0 && near.every(term => selects(term, other, namespaceLabels)))
          for (const { topologyKey } of near) addDomain(wanted, topologyKey, node, by)
        for (const term of apart)
          if (selects(term, other, namespaceLabels)) addDomain(unwanted, term.topologyKey, node, by)
      }
      return {
        filter,
        podAdded: (other, info) => count(other, info, 1),
        podRemoved: (other, info) => count(other, info, -1),
      }
    },
    score({ pod, snapshot }) {
      const sums: Domains = new Map()
      for (const { kind, term, weight } of termsOf(pod)) {
        if (kind !== 'preferredAffinity' && kind !== 'preferredAntiAffinity') continue
        const counts = snapshot.podCounts({ selections: [term], terminating: true })
        addDomains(sums, term.topologyKey, counts, kind === 'preferredAffinity' ? weight : -weight, snapshot)
      }
      const indifferent =
        ignorePreferredTermsOfExistingPods &&
        !termsOf(pod).some(({ kind }) => kind === 'preferredAffinity' || kind === 'preferredAntiAffinity')
      for (const { kind, term, weight, counts } of indifferent ? [] : snapshot.termsSelecting(pod)) {
        if (kind === 'requiredAntiAffinity') continue
        const each =
          kind === 'requiredAffinity' ? hardPodAffinityWeight : kind === 'preferredAffinity' ? weight : -weight
        addDomains(sums, term.topologyKey, counts, each, snapshot)
      }
      if (sums.size === 0) return undefined
      return {
        score({ node }) {
          let sum = 0
          for (const [key, domains] of sums) {
            const domain = node?.metadata.labels?.[key]
            if (domain !== undefined) sum += domains.get(domain) ?? 0
          }
          return sum
        },
        normalize(scores) {
          let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
          for (const score of scores) {
            least = Math.min(least, score)
            most = Math.max(most, score)
          }
          const range = most - least
          return scores.map(score => (range > 0 ? Math.trunc((maximumScore * (score - least)) / range) : 0))
        },
      }
    },
  }
}

function addDomains(sums: Domains, key: string, counts: CountsByNode, weight: number, snapshot: Snapshot): void {
  for (const [name, count] of counts) addDomain(sums, key, snapshot.get(name)?.node, count * weight)
}

function addDomain(sums: Domains, key: string, node: Node | undefined, amount: number): void {
  const domain = node?.metadata.labels?.[key]
  if (domain === undefined || amount === 0) return
  let domains = sums.get(key)
  if (!domains) sums.set(key, (domains = new Map()))
  const sum = (domains.get(domain) ?? 0) + amount
  if (sum !== 0) domains.set(domain, sum)
  else if (domains.delete(domain) && domains.size === 0) sums.delete(key)
}

function inAny(sums: Domains, { node }: NodeInfo): boolean {
  for (const [key, domains] of sums) {
    const domain = node?.metadata.labels?.[key]
    if (domain !== undefined && domains.has(domain)) return true
  }
  return false
}

/** Whether a change of a pod on a node may make room for the pod: one of them selects, or has selected, the other. */
function concerns(pod: Pod, old: Pod | undefined, now: Pod | undefined): boolean {
  const own = termsOf(pod).filter(({ kind }) => kind === 'requiredAffinity' || kind === 'requiredAntiAffinity')
  return [old, now].some(
    other =>
      other !== undefined &&
      (own.some(({ term }) => mayConcern(term, other)) ||
        termsOf(other).some(({ kind, term }) => kind === 'requiredAntiAffinity' && mayConcern(term, pod))),
  )
}

/** As `selects`, of a namespace whose labels are not known here. */
const mayConcern = (term: PodTerm, pod: Pod): boolean =>
  term.selector.matches(pod.metadata.labels) &&
  (term.namespaces.has(pod.metadata.namespace ?? '') || term.namespaceSelector !== nothing)
