import type { Node, Pod, Taint } from '../../api/core/v1/index.js'
import { tolerates } from '../../api/core/v1/tolerates.js'
import { normalized, type Rejection, type SchedulerPlugin } from '../framework.js'
import { nodeInterest } from '../hints.js'

const tolerated = ({ spec }: Pod, taint: Taint): boolean =>
  (spec.tolerations ?? []).some(toleration => tolerates(toleration, taint))

/** The first taint that keeps a pod off a node. */
export const untolerated = (pod: Pod, { spec }: Node): Taint | undefined =>
  spec.taints?.find(taint => (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') && !tolerated(pod, taint))

const tainted: Rejection = { reasons: ['node(s) had untolerated taint(s)'], unresolvable: true }

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  events: [
    nodeInterest(['add', 'updateNodeTaint'], (pod, node) => untolerated(pod, node) === undefined),
    { of: 'waitingPod', changes: ['updatePodToleration'] },
  ],
  filter({ pod, snapshot }) {
    if (snapshot.nodesWithTaint('NoSchedule') + snapshot.nodesWithTaint('NoExecute') === 0) return undefined
    return {
      filter(info) {
        const taint = info.node && untolerated(pod, info.node)
        return taint && tainted
      },
      signature: JSON.stringify(pod.spec.tolerations ?? []),
    }
  },
  score({ pod, snapshot }) {
    if (snapshot.nodesWithTaint('PreferNoSchedule') === 0) return undefined
    return {
      score: info =>
        (info.node?.spec.taints ?? []).filter(taint => taint.effect === 'PreferNoSchedule' && !tolerated(pod, taint))
          .length,
      normalize: scores => normalized(scores, true),
    }
  },
}
