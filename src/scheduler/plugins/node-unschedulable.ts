import { tolerates } from '../../api/core/v1/tolerates.js'
import type { Rejection, SchedulerPlugin } from '../framework.js'
import { nodeInterest } from '../hints.js'

const cordoned: Rejection = { reasons: ['node(s) were unschedulable'], unresolvable: true }
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: 'NodeUnschedulable',
  events: [
    nodeInterest(['add', 'updateNodeTaint'], (_, { spec }) => !spec.unschedulable),
    { of: 'waitingPod', changes: ['updatePodToleration'] },
  ],
  filter({ pod: { spec } }) {
    if ((spec.tolerations ?? []).some(toleration => tolerates(toleration, taint))) return undefined
    return {
      filter: ({ node }) => (node?.spec.unschedulable ? cordoned : undefined),
      signature: '',
    }
  },
}
