import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from './index.js'

/** What of a node selectors look at. */
export interface SelectableNode {
  readonly metadata: { readonly name?: string; readonly labels?: { readonly [key: string]: string } }
}

/**
 * Whether a node is one that a pod insists on, by its node selector and its required node affinity:
 * https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
 */
export function nodeMatches(spec: Pick<PodSpec, 'nodeSelector' | 'affinity'>, node: SelectableNode): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {}))
    if (node.metadata.labels?.[key] !== value) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || required.nodeSelectorTerms.some(term => termMatches(term, node))
}

/** A term selects a node if all of its requirements are met; an empty one selects none. */
export function termMatches(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  { metadata }: SelectableNode,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every(requirement => meets(requirement, metadata.labels?.[requirement.key])) &&
    matchFields.every(requirement => requirement.key === 'metadata.name' && meets(requirement, metadata.name))
  )
}

/** Whether a value (undefined: not there) meets a requirement on it. */
function meets({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const [actual, bound] = [integer(value), integer(values[0])]
      if (actual === undefined || bound === undefined) return false
      return operator === 'Gt' ? actual > bound : actual < bound
    }
    default:
      return false
  }
}

const integer = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^[+-]?\d+$/.test(text) ? BigInt(text) : undefined
