import type { NodeAffinity, NodeSelector, Pod } from '../../api/core/v1/index.js'
import { nodeMatches, termMatches } from '../../api/core/v1/node-matches.js'
import { type NodeFilterFunction, normalized, type PluginFactory, type Rejection, Unschedulable } from '../framework.js'
import { nodeInterest } from '../hints.js'

export interface NodeAffinityArgs {
  /** What all pods of the profile want beside what they want themselves. */
  readonly addedAffinity?: NodeAffinity
}

const notEnforced: Rejection = {
  reasons: ["node(s) didn't match scheduler-enforced node affinity"],
  unresolvable: true,
}
const mismatch: Rejection = { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true }

/** https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ */
export const nodeAffinity: PluginFactory = (_, args) => {
  const { addedAffinity } = (args ?? {}) as NodeAffinityArgs
  const enforced = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const wished = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  return {
    name: 'NodeAffinity',
    weight: 2,
    events: [
      nodeInterest(
        ['add', 'updateNodeLabel'],
        ({ spec }, node) => nodeMatches(spec, node) && (!enforced || selects(enforced, node)),
      ),
    ],
    filter({ pod }) {
      const { spec } = pod
      const required = requiredOf(pod)
      const hasSelector = required !== undefined || Object.keys(spec.nodeSelector ?? {}).length > 0
      if (!hasSelector && !enforced) return undefined
      const filter: NodeFilterFunction = ({ node }) => {
        if (enforced && !(node && selects(enforced, node))) return notEnforced
        return node !== undefined && nodeMatches(spec, node) ? undefined : mismatch
      }
      const nodes = required && namedNodes(required)
      if (nodes?.size === 0) throw new Unschedulable('pod affinity terms conflict')
      const signature = JSON.stringify([spec.nodeSelector, required])
      return nodes ? { filter, nodes, signature } : { filter, signature }
    },
    score({ pod: { spec } }) {
      const own = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
      const preferred = [...wished, ...own]
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
}

const requiredOf = ({ spec }: Pod): NodeSelector | undefined =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution

const selects = ({ nodeSelectorTerms }: NodeSelector, node: Parameters<typeof termMatches>[1]): boolean =>
  nodeSelectorTerms.some(term => termMatches(term, node))

/** The nodes that a selector names, as those of daemon sets' pods do; undefined if it does not insist on names. */
function namedNodes({ nodeSelectorTerms }: NodeSelector): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const { matchFields = [] } of nodeSelectorTerms) {
    let ofTerm: readonly string[] | undefined
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue
      ofTerm = ofTerm ? ofTerm.filter(name => values.includes(name)) : values
    }
    if (!ofTerm) return undefined
    for (const name of ofTerm) names.add(name)
  }
  return names
}
