import type { Taint, Toleration } from '../../api/core/v1/index.js'

/** Whether a toleration covers a taint: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
export function tolerates({ key = '', operator, value = '', effect }: Toleration, taint: Taint): boolean {
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
      if (key === '' || !Number.isSafeInteger(wanted) || !Number.isSafeInteger(actual)) return false
      return operator === 'Gt' ? actual > wanted : actual < wanted
    }
    default:
      return false
  }
}

/** Taints that send pods away. */
export const evictionTaints = (taints: readonly Taint[] | undefined): readonly Taint[] =>
  (taints ?? []).filter(({ effect }) => effect === 'NoExecute')

/** How long, in ms, a taint is tolerated: 0 if it is not, infinitely if nothing limits it. */
export function toleratedFor(tolerations: readonly Toleration[] | undefined, taint: Taint): number {
  const toleration = (tolerations ?? []).find(candidate => tolerates(candidate, taint))
  if (!toleration) return 0
  const { tolerationSeconds } = toleration
  return tolerationSeconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, tolerationSeconds * 1000)
}
