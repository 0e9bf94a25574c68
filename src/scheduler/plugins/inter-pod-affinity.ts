import { Namespace, type Pod } from '../../api/core/v1/index.js'
import type { AnyKind } from '../../client/controller.js'
import { type Labels, nothing } from '../../machinery/labels.js'
import { DomainCounts, type DomainTotals, SupposedCounts } from '../domain-counts.js'
import { maximumScore, type NodeFilterFunction, type PluginFactory, type Rejection } from '../framework.js'
import { nodeInterest, podInterest } from '../hints.js'
import type { NodeInfo } from '../node-info.js'
import { termsOf } from '../pod-index.js'
import { type PodTerm, selects } from '../pod-selection.js'

export interface InterPodAffinityArgs {
  /** What one pod's required affinity adds to the score of nodes for a pod that it wants near; 1 by default. */
  readonly hardPodAffinityWeight?: number
  /** Leave the wishes of pods on nodes out of account when the pod has none itself. */
  readonly ignorePreferredTermsOfExistingPods?: boolean
}

const far: Rejection = { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true }
const tooNear: Rejection = { reasons: ["node(s) didn't match pod anti-affinity rules"] }
const unwelcome: Rejection = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] }

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
      const { namespaceLabels } = snapshot
      const existing: Part[] = []
      for (const { kind, term, domains } of snapshot.termsSelecting(pod))
        if (kind === 'requiredAntiAffinity') existing.push({ term, supposed: new SupposedCounts(domains) })
      const own = termsOf(pod)
      const near = own.filter(({ kind }) => kind === 'requiredAffinity').map(({ term }) => term)
      const apart = own.filter(({ kind }) => kind === 'requiredAntiAffinity').map(({ term }) => term)
      if (near.length === 0 && apart.length === 0 && existing.length === 0) return undefined

      const part = (term: PodTerm, selections: readonly PodTerm[]): Part => ({
        term,
        supposed: new SupposedCounts(snapshot.podDomains({ selections, terminating: true }, term.topologyKey)),
      })
      // Only pods that every term selects count for affinity, each of them for all the terms.
      const wanted = near.map(term => part(term, near))
      const unwanted = apart.map(term => part(term, [term]))
      // The first pod of a group that wants to be near its like has to begin somewhere.
      const ownKind = near.every(term => selects(term, pod, namespaceLabels))

      const filter: NodeFilterFunction = ({ node }) => {
        const labels = node?.metadata.labels ?? {}
        const first = ownKind && wanted.every(({ supposed }) => supposed.counts.pods === 0)
        for (const { term, supposed } of wanted) {
          const domain = labels[term.topologyKey]
          if (domain === undefined || (!first && supposed.counts.of(domain) === 0)) return far
        }
        if (inAny(unwanted, labels)) return tooNear
        if (inAny(existing, labels)) return unwelcome
        return undefined
      }
      const count = (other: Pod, { node }: NodeInfo, by: 1 | -1) => {
        const labels = node?.metadata.labels ?? {}
        const add = ({ term, supposed }: Part) => {
          const domain = labels[term.topologyKey]
          if (domain !== undefined) supposed.add(domain, by)
        }
        for (const { kind, term } of termsOf(other)) {
          if (kind !== 'requiredAntiAffinity' || !selects(term, pod, namespaceLabels)) continue
          let known = existing.find(
            ({ term: { key, topologyKey } }) => key === term.key && topologyKey === term.topologyKey,
          )
          if (!known) existing.push((known = { term, supposed: new SupposedCounts(new DomainCounts()) }))
          add(known)
        }
        if (near.length > 0 && near.every(term => selects(term, other, namespaceLabels))) wanted.forEach(add)
        for (const each of unwanted) if (selects(each.term, other, namespaceLabels)) add(each)
      }
      return {
        filter,
        podAdded: (other, info) => count(other, info, 1),
        podRemoved: (other, info) => count(other, info, -1),
      }
    },
    score({ pod, snapshot }) {
      const parts: { readonly key: string; readonly weight: number; readonly domains: DomainTotals }[] = []
      const add = (key: string, weight: number, domains: DomainTotals) => {
        if (weight !== 0 && domains.pods > 0) parts.push({ key, weight, domains })
      }
      const wishes = termsOf(pod).filter(({ kind }) => kind === 'preferredAffinity' || kind === 'preferredAntiAffinity')
      for (const { kind, term, weight } of wishes) {
        const domains = snapshot.podDomains({ selections: [term], terminating: true }, term.topologyKey)
        add(term.topologyKey, kind === 'preferredAffinity' ? weight : -weight, domains)
      }
      const indifferent = ignorePreferredTermsOfExistingPods && wishes.length === 0
      for (const { kind, term, weight, domains } of indifferent ? [] : snapshot.termsSelecting(pod)) {
        if (kind === 'requiredAffinity') add(term.topologyKey, hardPodAffinityWeight, domains)
        else if (kind === 'preferredAffinity') add(term.topologyKey, weight, domains)
        else if (kind === 'preferredAntiAffinity') add(term.topologyKey, -weight, domains)
      }
      if (parts.length === 0) return undefined
      return {
        score({ node }) {
          let sum = 0
          for (const { key, weight, domains } of parts) {
            const domain = node?.metadata.labels?.[key]
            if (domain !== undefined) sum += domains.of(domain) * weight
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

/** A term, and the pods that matter for it by domain. */
interface Part {
  readonly term: PodTerm
  readonly supposed: SupposedCounts
}

function inAny(parts: readonly Part[], labels: Labels): boolean {
  for (const { term, supposed } of parts) {
    const domain = labels[term.topologyKey]
    if (domain !== undefined && supposed.counts.of(domain) > 0) return true
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
