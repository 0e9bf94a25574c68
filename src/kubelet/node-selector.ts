import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../api/core/v1/index.js'

interface NodeIdentity {
  readonly name: string
  readonly labels: { readonly [key: string]: string }
}

/** Whether a node has what a pod insists on (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/). */
export function matchesNodeSelector({ spec }: Pod, node: NodeIdentity): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (node.labels[key] !== value) return false
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return !terms || terms.some(term => matchesTerm(term, node))
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: NodeIdentity): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const fields = { 'metadata.name': node.name }
  return (
    matchExpressions.every(requirement => matches(requirement, node.labels)) &&
    matchFields.every(requirement => matches(requirement, fields))
  )
}

function matches(
  { key, operator, values = [] }: NodeSelectorRequirement,
  texts: { readonly [key: string]: string },
): boolean {
  const text = texts[key]
  switch (operator) {
    case 'In':
      return text !== undefined && values.includes(text)
    case 'NotIn':
      return text === undefined || !values.includes(text)
    case 'Exists':
      return text !== undefined
    case 'DoesNotExist':
      return text === undefined
    case 'Gt':
    case 'Lt': {
      const [bound = ''] = values
      if (text === undefined || !/^-?\d+$/.test(text) || !/^-?\d+$/.test(bound)) return false
      return operator === 'Gt' ? BigInt(text) > BigInt(bound) : BigInt(text) < BigInt(bound)
    }
    default:
      return false
  }
}
