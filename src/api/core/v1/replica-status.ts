import { invalidValue } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nonNegative } from '../../field-rules.js'

interface ReplicaCounts {
  readonly replicas?: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly terminatingReplicas?: number
  readonly observedGeneration?: number
}

/** Counts of a ReplicationController's or ReplicaSet's status fit into each other. */
export function validateReplicaStatus(status: ReplicaCounts): FieldError[] {
  const at = root.child('status')
  const errors: FieldError[] = []
  for (const field of [
    'replicas',
    'fullyLabeledReplicas',
    'readyReplicas',
    'availableReplicas',
    'terminatingReplicas',
    'observedGeneration',
  ] as const)
    errors.push(...nonNegative(status[field], at.child(field)))
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status
  const exceeds = (field: string, value: number, bound: string, most: number): void => {
    if (value > most) errors.push(invalidValue(at.child(field), value, `cannot be greater than ${bound}`))
  }
  exceeds('fullyLabeledReplicas', fullyLabeledReplicas, 'status.replicas', replicas)
  exceeds('readyReplicas', readyReplicas, 'status.replicas', replicas)
  exceeds('availableReplicas', availableReplicas, 'status.replicas', replicas)
  exceeds('availableReplicas', availableReplicas, 'readyReplicas', readyReplicas)
  return errors
}
