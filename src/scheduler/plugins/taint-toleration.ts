import type { Pod, Taint, Toleration } from '../../api/core/v1/index.js'
import { normalized, type SchedulerPlugin } from '../framework.js'

/** Whether a toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect } = toleration
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  switch (operator || 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
      return key !== '' && value === (taint.value ?? '')
    case 'Gt':
    case 'Lt': {
      const [wanted, actual] = [Number(value), Number(taint.value ?? '')]
      if (!Number.isSafeInteger(wanted) || !Number.isSafeInteger(actual)) return false
      return operator === 'Gt' ? actual > wanted : actual < wanted
    }
    default:
      return false
  }
}

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
