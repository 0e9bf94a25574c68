import type { Pod, Taint } from '../../api/core/v1/index.js'
import { tolerates } from '../../api/core/v1/tolerates.js'
import { normalized, type SchedulerPlugin } from '../framework.js'

const tolerated = ({ spec }: Pod, taint: Taint): boolean =>
  (spec.tolerations ?? []).some(toleration => tolerates(toleration, taint))

/** https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export const taintToleration: SchedulerPlugin = {
  name: 'TaintToleration',
  weight: 3,
  filter: pod => info => {
    const taint = info.node?.spec.taints?.find(
      candidate =>
        (candidate.effect === 'NoSchedule' || candidate.effect === 'NoExecute') && !tolerated(pod, candidate),
    )
    return taint && { reasons: ['node(s) had untolerated taint(s)'], unresolvable: true }
  },
  score: pod => ({
    score: info =>
      (info.node?.spec.taints ?? []).filter(taint => taint.effect === 'PreferNoSchedule' && !tolerated(pod, taint))
        .length,
    normalize: scores => normalized(scores, true),
  }),
}
