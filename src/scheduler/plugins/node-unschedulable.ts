import { tolerates } from '../../api/core/v1/tolerates.js'
import type { SchedulerPlugin } from '../framework.js'

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  filter({ pod: { spec } }) {
    if ((spec.tolerations ?? []).some(toleration => tolerates(toleration, taint))) return undefined
    return ({ node }) =>
      node?.spec.unschedulable ? { reasons: ['node(s) were unschedulable'], unresolvable: true } : undefined
  },
}
