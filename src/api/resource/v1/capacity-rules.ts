import { forbiddenField, invalidValue, required } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import { addQuantities, compareQuantities, formatQuantity, quantityValue } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateSet } from '../../list-rules.js'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceCapacity } from './device.js'

const mostOptions = 10

/** How much of a capacity may be asked for, which only matters for devices that several claims share. */
export function validateCapacity({ value, requestPolicy }: DeviceCapacity, shared: boolean, at: FieldPath) {
  if (!requestPolicy) return []
  const here = at.child('requestPolicy')
  return shared
    ? validatePolicy(value, requestPolicy, here)
    : [forbiddenField(here, 'allowMultipleAllocations must be true')]
}

function validatePolicy(capacity: string, policy: CapacityRequestPolicy, at: FieldPath): FieldError[] {
  const { validValues = [], validRange, default: usual } = policy
  if (validValues.length > 0 && validRange)
    return [
      forbiddenField(
        at,
        'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ),
    ]
  const chosen = validValues.length > 0 ? 'validValues' : validRange ? 'validRange' : undefined
  if (!chosen) return []
  if (usual === undefined || usual === null)
    return [required(at.child('default'), `required when ${chosen} is defined`)]
  return validRange
    ? validateRange(usual, capacity, validRange, at.child(chosen))
    : validateOptions(usual, capacity, validValues, at.child(chosen))
}

function validateOptions(usual: string, capacity: string, options: readonly string[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = options.flatMap((option, i) =>
    i > 0 && compareQuantities(options[i - 1] ?? '0', option) > 0
      ? [invalidValue(at.index(i), option, 'values must be sorted in ascending order')]
      : [],
  )
  errors.push(
    ...validateSet(
      options,
      mostOptions,
      at,
      (option, here) =>
        compareQuantities(option, capacity) > 0
          ? [invalidValue(here, option, `option is larger than capacity value: ${capacity}`)]
          : [],
      option => String(quantityValue(option)),
    ),
  )
  if (options.length > mostOptions || !options.some(option => compareQuantities(option, usual) === 0))
    errors.push(invalidValue(at, usual, 'default value is not valid according to the requestPolicy'))
  return errors
}

function validateRange(
  usual: string,
  capacity: string,
  { min, max, step }: CapacityRequestPolicyRange,
  at: FieldPath,
): FieldError[] {
  if (min === undefined) return [required(at.child('min'), 'required when validRange is defined')]
  const errors: FieldError[] = []
  const check = (fails: boolean, field: string, value: string, detail: string): void => {
    if (fails) errors.push(invalidValue(at.child(field), value, detail))
  }
  const above = (a: string, b: string): boolean => compareQuantities(a, b) > 0
  check(above(min, capacity), 'min', min, `min is larger than capacity value: ${capacity}`)
  check(above(min, usual), 'min', usual, `default is less than min: ${min}`)
  if (max !== undefined) {
    check(above(min, max), 'max', min, `min is larger than max: ${max}`)
    check(above(max, capacity), 'max', max, `max is larger than capacity value: ${capacity}`)
    check(above(usual, max), 'max', usual, `default is more than max: ${max}`)
  }
  if (step === undefined) return errors
  const first = formatQuantity(addQuantities(min, step))
  check(above(first, capacity), 'step', step, `one step ${first} is larger than capacity value: ${capacity}`)
  for (const value of [usual, ...(max === undefined ? [] : [max])])
    check(
      quantityValue(step) === 0 || (quantityValue(value) - quantityValue(min)) % quantityValue(step) !== 0,
      'step',
      value,
      `value is not a multiple of a given step (${step}) from (${min})`,
    )
  return errors
}
