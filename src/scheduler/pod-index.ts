import type { Pod } from '../api/core/v1/index.js'
import { jsonEqual } from '../machinery/json-equal.js'
import { type Labels, nothing } from '../machinery/labels.js'
import { hasSameSpec } from './cluster-event.js'
import type { DomainTotals } from './domain-counts.js'
import { demandedBy, KeptAnswers, type PodQuery } from './kept-answers.js'
import { ByPair, carried } from './label-pairs.js'
import { type PodTerm, selects, termOf } from './pod-selection.js'
import { type NodeLabels, PodTally } from './pod-tally.js'

export type { PodQuery } from './kept-answers.js'

export type TermKind = 'requiredAffinity' | 'requiredAntiAffinity' | 'preferredAffinity' | 'preferredAntiAffinity'

/** A term that pods on nodes have, and where those are. */
export interface PlacedTerm {
  readonly kind: TermKind
  readonly term: PodTerm
  /** Of a preferred term; 1 of a required one. */
  readonly weight: number
  /** Those pods by domain of the term's topology. */
  readonly domains: DomainTotals
}

interface Placed extends OwnTerm {
  readonly tally: PodTally
}

interface PodOnNode {
  readonly pod: Pod
  readonly node: string
}

/**
 * What affinity and spreading ask about the pods on nodes, kept pod by pod: an answer is counted from the beginning
 * when it is first asked for, and from then on only changed.
 */
export class PodIndex {
  readonly #pods = new Map<string, PodOnNode>()
  readonly #byLabel = new ByPair<PodOnNode>()
  readonly #answers = new KeptAnswers()
  readonly #terms = new Map<string, Placed>()

  constructor(
    private readonly namespaceLabels: (name: string) => Labels,
    /** Undefined for a node that there is not. */
    private readonly labelsOf: (node: string) => Labels | undefined,
    private readonly nodes: NodeLabels,
  ) {}

  /** Takes in a pod on a node, or its newer version. */
  set(pod: Pod, node: string): void {
    const { uid = '' } = pod.metadata
    const known = this.#pods.get(uid)
    if (known && known.node === node && looksTheSame(known.pod, pod)) return
    this.remove(uid)
    const placed = { pod, node }
    this.#pods.set(uid, placed)
    for (const pair of carried(pod.metadata.labels)) this.#byLabel.add(pair, placed)
    this.#count(pod, node, 1)
  }

  remove(uid: string): void {
    const known = this.#pods.get(uid)
    if (!known) return
    this.#pods.delete(uid)
    for (const pair of carried(known.pod.metadata.labels)) this.#byLabel.delete(pair, known)
    this.#count(known.pod, known.node, -1)
  }

  /** The labels of a namespace have changed. */
  namespaceChanged(): void {
    this.#answers.forget(({ selections }) => selections.some(({ namespaceSelector }) => namespaceSelector !== nothing))
  }

  /** A node has come, gone, or changed its labels. */
  nodeChanged(name: string, old: Labels | undefined, now: Labels | undefined): void {
    for (const { tally } of this.#answers.all()) tally.nodeChanged(name, old, now)
    for (const { tally } of this.#terms.values()) tally.nodeChanged(name, old, now)
  }

  counts(query: PodQuery): PodTally {
    return this.#answers.get(query, () => this.#counted(query)).tally
  }

  /** Terms of pods on nodes that select `pod`. */
  termsSelecting(pod: Pod): readonly PlacedTerm[] {
    const found: PlacedTerm[] = []
    for (const { kind, term, weight, tally } of this.#terms.values())
      if (selects(term, pod, this.namespaceLabels))
        found.push({ kind, term, weight, domains: tally.domains(term.topologyKey) })
    return found
  }

  #counted(query: PodQuery): PodTally {
    const tally = new PodTally(this.nodes)
    const pair = this.#byLabel.rarest(demandedBy(query))
    for (const { pod, node } of pair === undefined ? this.#pods.values() : this.#byLabel.get(pair))
      if (this.#meets(query, pod)) tally.add(node, this.labelsOf(node), 1)
    return tally
  }

  #meets({ selections, terminating }: PodQuery, pod: Pod): boolean {
    if (!terminating && pod.metadata.deletionTimestamp) return false
    return selections.every(selection => selects(selection, pod, this.namespaceLabels))
  }

  #count(pod: Pod, node: string, by: 1 | -1): void {
    const labels = this.labelsOf(node)
    for (const { query, tally } of this.#answers.about(pod)) if (this.#meets(query, pod)) tally.add(node, labels, by)
    for (const { kind, term, weight } of termsOf(pod)) {
      const key = `${kind}|${weight}|${term.topologyKey}|${term.key}`
      let placed = this.#terms.get(key)
      if (!placed) this.#terms.set(key, (placed = { kind, term, weight, tally: new PodTally(this.nodes) }))
      placed.tally.add(node, labels, by)
      if (placed.tally.byNode.size === 0) this.#terms.delete(key)
    }
  }
}

/** Most changes of a pod are of its status, and of no interest here. */
const looksTheSame = (left: Pod, right: Pod): boolean =>
  left.metadata.deletionTimestamp === right.metadata.deletionTimestamp &&
  jsonEqual(left.metadata.labels, right.metadata.labels) &&
  (hasSameSpec(left, right) || jsonEqual(left.spec.affinity, right.spec.affinity))

/** A term of a pod that is to be placed. */
export type OwnTerm = Omit<PlacedTerm, 'domains'>

const compiledTerms = new WeakMap<Pod, readonly OwnTerm[]>()

/** All terms of a pod's affinity and anti-affinity to other pods; worked out once for each. */
export function termsOf(pod: Pod): readonly OwnTerm[] {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  if (!podAffinity && !podAntiAffinity) return []
  let terms = compiledTerms.get(pod)
  if (!terms) {
    terms = [
      ...ofOne(pod, podAffinity, 'requiredAffinity', 'preferredAffinity'),
      ...ofOne(pod, podAntiAffinity, 'requiredAntiAffinity', 'preferredAntiAffinity'),
    ]
    compiledTerms.set(pod, terms)
  }
  return terms
}

type Affinity = NonNullable<NonNullable<Pod['spec']['affinity']>['podAffinity']>

function* ofOne(pod: Pod, affinity: Affinity | undefined, required: TermKind, preferred: TermKind): Iterable<OwnTerm> {
  for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
    yield { kind: required, term: termOf(term, pod), weight: 1 }
  for (const { podAffinityTerm, weight } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (weight !== 0) yield { kind: preferred, term: termOf(podAffinityTerm, pod), weight }
}
