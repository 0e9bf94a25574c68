import { maximumScore, type NodeFilterFunction, type SchedulerPlugin, type Snapshot } from '../framework.js'
import type { NodeInfo } from '../node-info.js'
import { type CountsByNode, termsOf } from '../pod-index.js'
import { selects } from '../pod-selection.js'

/** What one pod's required affinity adds to the score of nodes for a pod that it wants near. */
const symmetricWeight = 1

/** Sums by topology key, then by the domain's name. */
type Domains = Map<string, Map<string, number>>

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity */
export const interPodAffinity: SchedulerPlugin = {
  name: 'InterPodAffinity',
  weight: 2,
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
    const first = wanted.size === 0 && near.every(term => selects(term, pod, snapshot.namespaceLabels))
    const unwanted: Domains = new Map()
    for (const term of apart) {
      const counts = snapshot.podCounts({ selections: [term], terminating: true })
      addDomains(unwanted, term.topologyKey, counts, 1, snapshot)
    }

    const filter: NodeFilterFunction = info => {
      const labels = info.node?.metadata.labels ?? {}
      for (const { topologyKey } of near) {
        const domain = labels[topologyKey]
        if (domain === undefined || (!first && !wanted.get(topologyKey)?.has(domain)))
          return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true }
      }
      if (inAny(unwanted, info)) return { reasons: ["node(s) didn't match pod anti-affinity rules"] }
      if (inAny(existing, info)) return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] }
      return undefined
    }
    return filter
  },
  score({ pod, snapshot }) {
    const sums: Domains = new Map()
    for (const { kind, term, weight } of termsOf(pod)) {
      if (kind !== 'preferredAffinity' && kind !== 'preferredAntiAffinity') continue
      const counts = snapshot.podCounts({ selections: [term], terminating: true })
      addDomains(sums, term.topologyKey, counts, kind === 'preferredAffinity' ? weight : -weight, snapshot)
    }
    for (const { kind, term, weight, counts } of snapshot.termsSelecting(pod)) {
      if (kind === 'requiredAntiAffinity') continue
      const each = kind === 'requiredAffinity' ? symmetricWeight : kind === 'preferredAffinity' ? weight : -weight
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

function addDomains(sums: Domains, key: string, counts: CountsByNode, weight: number, snapshot: Snapshot): void {
  for (const [name, count] of counts) {
    const domain = snapshot.get(name)?.node?.metadata.labels?.[key]
    if (domain === undefined) continue
    let domains = sums.get(key)
    if (!domains) sums.set(key, (domains = new Map()))
    domains.set(domain, (domains.get(domain) ?? 0) + count * weight)
  }
}

function inAny(sums: Domains, { node }: NodeInfo): boolean {
  for (const [key, domains] of sums) {
    const domain = node?.metadata.labels?.[key]
    if (domain !== undefined && domains.has(domain)) return true
  }
  return false
}
