import type { Pod, PodAffinityTerm } from '../api/core/v1/index.js'
import {
  type LabelSelectorObject,
  type Labels,
  nothing,
  type Selector,
  selectorFromObject,
} from '../machinery/labels.js'

/** Pods by namespace and labels. */
export interface PodSelection {
  /** Equal keys mean equal selections. */
  readonly key: string
  readonly namespaces: ReadonlySet<string>
  /** Adds namespaces by their labels. */
  readonly namespaceSelector: Selector
  readonly selector: Selector
}

/** A (anti-)affinity term of a pod, ready for use. */
export interface PodTerm extends PodSelection {
  readonly topologyKey: string
}

const lastOf = new WeakMap<Selector, PodSelection>()

/** The selection of pods of one namespace; kept with the selector, which pods of a workload have in common. */
export function selectionIn(namespace: string, selector: Selector): PodSelection {
  let found = lastOf.get(selector)
  if (!found?.namespaces.has(namespace))
    lastOf.set(selector, (found = selection(new Set([namespace]), nothing, selector)))
  return found
}

/** Compiles a term of `pod`. */
export function termOf(term: PodAffinityTerm, { metadata }: Pod): PodTerm {
  const { namespaces = [], namespaceSelector, labelSelector, matchLabelKeys, mismatchLabelKeys, topologyKey } = term
  const own = namespaces.length === 0 && !namespaceSelector
  const selector = withKeys(labelSelector, metadata.labels, matchLabelKeys, mismatchLabelKeys)
  return {
    ...selection(new Set(own ? [metadata.namespace ?? ''] : namespaces), compiled(namespaceSelector), selector),
    topologyKey,
  }
}

/** A label selector narrowed to the pod's own values of `matching` labels, and to other values of `differing` ones. */
export function withKeys(
  selector: LabelSelectorObject | undefined | null,
  labels: Labels = {},
  matching: readonly string[] = [],
  differing: readonly string[] = [],
): Selector {
  if (!selector) return nothing
  const extra = [
    ...matching.map(key => ({ key, operator: 'In' })),
    ...differing.map(key => ({ key, operator: 'NotIn' })),
  ].flatMap(({ key, operator }) => {
    const value = labels[key]
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  })
  if (extra.length === 0) return compiled(selector)
  return compiled({ ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...extra] })
}

/** Whether a pod is one of the selection. */
export function selects(
  { namespaces, namespaceSelector, selector }: PodSelection,
  { metadata }: Pod,
  namespaceLabels: (name: string) => Labels,
): boolean {
  const { namespace = '' } = metadata
  if (!namespaces.has(namespace)) {
    if (namespaceSelector === nothing || !namespaceSelector.matches(namespaceLabels(namespace))) return false
  }
  return selector.matches(metadata.labels)
}

function selection(namespaces: ReadonlySet<string>, namespaceSelector: Selector, selector: Selector): PodSelection {
  const key = `${[...namespaces].sort().join(',')}|${textOf(namespaceSelector)}|${textOf(selector)}`
  return { key, namespaces, namespaceSelector, selector }
}

const textOf = (selector: Selector): string => (selector.empty ? '*' : selector.toString())

/** Validation lets no broken selector in; one that is there all the same selects nothing. */
function compiled(selector: LabelSelectorObject | undefined | null): Selector {
  try {
    return selectorFromObject(selector)
  } catch {
    return nothing
  }
}
