import { duplicate, invalidValue } from '../../../machinery/field-errors.js'
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
    if (!type) return [invalidValue(here, type, 'must not be empty')]
    if (seen.has(type)) return [duplicate(here, type)]
    seen.add(type)
    return []
  })
}
