import { duplicate, required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'

interface FlowCondition {
  readonly type?: string
}

/** Conditions of flow schemas and priority levels: one of each type. */
export function validateFlowConditions(conditions: readonly FlowCondition[] | undefined): FieldError[] {
  const at = root.child('status', 'conditions')
  const seen = new Set<string>()
  return (conditions ?? []).flatMap(({ type = '' }, i) => {
    const here = at.index(i).child('type')
    const errors = seen.has(type) ? [duplicate(here, type)] : []
    seen.add(type)
    return type ? errors : [...errors, required(here, 'must not be empty')]
  })
}
