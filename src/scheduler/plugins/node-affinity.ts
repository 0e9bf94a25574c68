import { nodeMatches, termMatches } from '../../api/core/v1/node-matches.js'
import { normalized, type SchedulerPlugin } from '../framework.js'
import { nodeInterest } from '../hints.js'

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  events: [nodeInterest(['add', 'updateNodeLabel'], ({ spec }, node) => nodeMatches(spec, node))],
  filter({ pod: { spec } }) {
    const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (Object.keys(spec.nodeSelector ?? {}).length === 0 && !required) return undefined
    return ({ node }) =>
      node !== undefined && nodeMatches(spec, node)
        ? undefined
        : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }
  },
  score({ pod: { spec } }) {
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
