import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '../../api/core/v1/index.js'
import { normalized, type SchedulerPlugin } from '../framework.js'

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

/** A term selects a node if all of its requirements are met; an empty one selects none. */
export function termMatches(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  { metadata }: Node,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every(requirement => meets(requirement, metadata.labels?.[requirement.key])) &&
    matchFields.every(requirement => requirement.key === 'metadata.name' && meets(requirement, metadata.name))
  )
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  filter({ spec }) {
    const labels = Object.entries(spec.nodeSelector ?? {})
    const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (labels.length === 0 && !required) return undefined
    return ({ node }) => {
      const matches =
        node !== undefined &&
        labels.every(([key, value]) => node.metadata.labels?.[key] === value) &&
        (!required || required.nodeSelectorTerms.some(term => termMatches(term, node)))
      return matches
        ? undefined
        : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }
    }
  },
  score({ spec }) {
    const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    if (preferred.length === 0) return undefined
    return {
      score({ node }) {
        let sum = 0
        for (const { weight, preference } of preferred) if (node && termMatches(preference, node)) sum += weight
        return sum
      },
      normalize: scores => normalized(scores),
    }
  },
}
