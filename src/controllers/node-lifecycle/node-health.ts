import type { Lease } from '../../api/coordination/v1/index.js'
import type { Node, NodeCondition } from '../../api/core/v1/index.js'

/** Conditions that a kubelet reports, and nobody knows when it has stopped to. */
const reported = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

export const readyCondition = ({ status }: Node): NodeCondition | undefined =>
  status.conditions?.find(({ type }) => type === 'Ready')

/** `True`, `False` or `Unknown`; undefined if the node has never said. */
export const readyStatus = (node: Node): string | undefined => readyCondition(node)?.status

/** What changes whenever the node's kubelet gives a sign of life. */
export const latestSign = (node: Node, lease: Lease | undefined): string =>
  `${lease?.spec.renewTime ?? ''} ${readyCondition(node)?.lastHeartbeatTime ?? ''}`

/** The conditions to be written for a node whose kubelet is not heard of any more; `now` is RFC 3339. */
export function lostConditions({ metadata, status }: Node, now: string): NodeCondition[] {
  return reported.flatMap(type => {
    const condition = status.conditions?.find(candidate => candidate.type === type)
    if (!condition)
      return [
        {
          type,
          status: 'Unknown',
          reason: 'NodeStatusNeverUpdated',
          message: 'Kubelet never posted node status.',
          lastHeartbeatTime: metadata.creationTimestamp ?? null,
          lastTransitionTime: now,
        },
      ]
    if (condition.status === 'Unknown') return []
    return [
      {
        ...condition,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: now,
      },
    ]
  })
}

/** Labels that older clients know the operating system and architecture by. */
const olderLabels = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
] as const

/** Labels that are to be set on a node; undefined if there are none. */
export function missingLabels({ metadata: { labels = {} } }: Node): { readonly [label: string]: string } | undefined {
  const missing: Record<string, string> = {}
  for (const [label, older] of olderLabels) {
    const value = labels[label]
    if (value !== undefined && labels[older] !== value) missing[older] = value
  }
  return Object.keys(missing).length > 0 ? missing : undefined
}
