import type { Taint, Toleration } from './index.js'

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
