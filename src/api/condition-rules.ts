import { duplicate, invalidValue, invalidValues, notSupported, required, tooLong } from '../machinery/field-errors.js'
import type { Condition } from '../machinery/meta/index.js'
import { conditionReason, qualifiedName } from '../machinery/names.js'
import type { FieldPath } from '../machinery/path.js'
import type { FieldError } from '../machinery/status-error.js'

const states = ['False', 'True', 'Unknown']
const longestReason = 1024
const longestMessage = 32 * 1024

/** Conditions of the common form: one of each type, all with a time and a reason. */
export function validateConditions(conditions: readonly Condition[] | undefined, at: FieldPath): FieldError[] {
  const seen = new Set<string>()
  return (conditions ?? []).flatMap((condition, i) => {
    const { type } = condition
    const errors = seen.has(type) ? [duplicate(at.index(i).child('type'), type)] : []
    seen.add(type)
    return [...errors, ...validateCondition(condition, at.index(i))]
  })
}

function validateCondition(condition: Condition, at: FieldPath): FieldError[] {
  const { type, status, observedGeneration: generation, lastTransitionTime, reason, message = '' } = condition
  const errors = invalidValues(at.child('type'), type, qualifiedName(type))
  if (!states.includes(status)) errors.push(notSupported(at.child('status'), status, states))
  if (generation !== undefined && generation < 0)
    errors.push(invalidValue(at.child('observedGeneration'), generation, 'must be greater than or equal to zero'))
  if (!lastTransitionTime) errors.push(required(at.child('lastTransitionTime'), 'must be set'))
  const here = at.child('reason')
  errors.push(...(reason ? invalidValues(here, reason, conditionReason(reason)) : [required(here, 'must be set')]))
  if ((reason?.length ?? 0) > longestReason) errors.push(tooLong(here, longestReason))
  if (message.length > longestMessage) errors.push(tooLong(at.child('message'), longestMessage))
  return errors
}
