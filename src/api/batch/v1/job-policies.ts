import {
  duplicate,
  invalidValue,
  invalidValues,
  notSupported,
  omitted,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nonNegative, requiredOneOf } from '../../field-rules.js'
import type { JobSpec, PodFailurePolicy, PodFailurePolicyRule, SuccessPolicy } from './job.js'

const mostRules = 20
const mostValues = 255
const mostPatterns = 20
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const operators = ['In', 'NotIn']
const conditionStates = ['False', 'True', 'Unknown']
const longestIndexes = 64 * 1024

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
export function validateFailurePolicy(spec: JobSpec, { rules }: PodFailurePolicy, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if ((rules?.length ?? 0) > mostRules) errors.push(tooMany(at.child('rules'), rules.length, mostRules))
  const { containers, initContainers = [] } = spec.template.spec
  const names = new Set([...(containers ?? []), ...initContainers].map(({ name }) => name))
  rules?.forEach((rule, i) => {
    errors.push(...validateFailureRule(spec, rule, names, at.child('rules').index(i)))
  })
  return errors
}

const validValues = (values: readonly string[]): string => `valid values: ["${values.join('" "')}"]`

function validateFailureRule(
  spec: JobSpec,
  rule: PodFailurePolicyRule,
  names: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule
  const errors: FieldError[] = []
  const here = at.child('action')
  if (!action) errors.push(required(here, validValues(actions)))
  else if (action === 'FailIndex') {
    if (spec.backoffLimitPerIndex === undefined)
      errors.push(invalidValue(here, action, 'requires the backoffLimitPerIndex to be set'))
  } else if (!actions.includes(action)) errors.push(notSupported(here, action, actions))
  if (onExitCodes) {
    const codes = at.child('onExitCodes')
    const { operator, containerName } = onExitCodes
    errors.push(...requiredOneOf(operator, operators, codes.child('operator'), validValues(operators)))
    if (containerName !== undefined && !names.has(containerName))
      errors.push(
        invalidValue(
          codes.child('containerName'),
          containerName,
          'must be one of the container or initContainer names in the pod template',
        ),
      )
    errors.push(...validateExitCodes(onExitCodes.values ?? [], operator, codes.child('values')))
  }
  if (onPodConditions.length > mostPatterns)
    errors.push(tooMany(at.child('onPodConditions'), onPodConditions.length, mostPatterns))
  onPodConditions.forEach(({ type, status }, i) => {
    const pattern = at.child('onPodConditions').index(i)
    errors.push(
      ...invalidValues(pattern.child('type'), type, qualifiedName(type)),
      ...requiredOneOf(status, conditionStates, pattern.child('status'), validValues(conditionStates)),
    )
  })
  if (onExitCodes && onPodConditions.length > 0)
    errors.push(invalidValue(at, omitted, 'specifying both OnExitCodes and OnPodConditions is not supported'))
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(invalidValue(at, omitted, 'specifying one of OnExitCodes and OnPodConditions is required'))
  return errors
}

function validateExitCodes(values: readonly number[], operator: string, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  if (values.length === 0) errors.push(invalidValue(at, [], 'at least one value is required'))
  else if (values.length > mostValues) errors.push(tooMany(at, values.length, mostValues))
  let isOrdered = true
  const seen = new Set<number>()
  values.forEach((value, i) => {
    if (operator === 'In' && value === 0)
      errors.push(invalidValue(at.index(i), value, 'must not be 0 for the In operator'))
    if (seen.has(value)) errors.push(duplicate(at.index(i), value))
    seen.add(value)
    if (i > 0 && (values[i - 1] ?? 0) > value) isOrdered = false
  })
  if (!isOrdered) errors.push(invalidValue(at, values, 'must be ordered'))
  return errors
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#success-policy */
export function validateSuccessPolicy(spec: JobSpec, { rules }: SuccessPolicy, at: FieldPath): FieldError[] {
  const here = at.child('rules')
  if (!rules?.length)
    return [required(here, 'at least one rules must be specified when the successPolicy is specified')]
  const errors: FieldError[] = []
  if (rules.length > mostRules) errors.push(tooMany(here, rules.length, mostRules))
  rules.forEach(({ succeededIndexes, succeededCount }, i) => {
    const rule = here.index(i)
    if (succeededIndexes === undefined && succeededCount === undefined)
      errors.push(required(rule, 'at least one of succeededCount or succeededIndexes must be specified'))
    const { completions = 0 } = spec
    let total = 0
    if (succeededIndexes !== undefined) {
      const at = rule.child('succeededIndexes')
      if (succeededIndexes.length > longestIndexes) errors.push(tooLong(at, longestIndexes))
      const parsed = parseIndexes(succeededIndexes, completions)
      if (typeof parsed === 'string')
        errors.push(invalidValue(at, succeededIndexes, `error parsing succeededIndexes: ${parsed}`))
      else total = parsed
    }
    if (succeededCount === undefined) return
    const count = rule.child('succeededCount')
    errors.push(...nonNegative(succeededCount, count))
    if (succeededCount > completions)
      errors.push(
        invalidValue(
          count,
          succeededCount,
          `must be less than or equal to ${completions} (the number of specified completions)`,
        ),
      )
    if (succeededIndexes !== undefined && succeededCount > total)
      errors.push(
        invalidValue(
          count,
          succeededCount,
          `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
        ),
      )
  })
  return errors
}

/** How many indexes `1,3-5,7` names; a text says what is wrong with it. */
export function parseIndexes(text: string, completions: number): number | string {
  if (text === '') return 0
  let total = 0
  let last: number | undefined
  for (const part of text.split(',')) {
    const bounds = part.split('-')
    const [first = '', end = first] = bounds
    if (bounds.length > 2 || !/^\d+$/.test(first) || !/^\d+$/.test(end))
      return `cannot convert string to integer for index: ${JSON.stringify(bounds.find(each => !/^\d+$/.test(each)) ?? part)}`
    const from = Number(first)
    const to = Number(end)
    if (to < from || (bounds.length === 2 && to === from))
      return `non-increasing order, previous: ${from}, current: ${to}`
    if (last !== undefined && from <= last) return `non-increasing order, previous: ${last}, current: ${from}`
    if (to >= completions) return `too large index: ${JSON.stringify(to === from ? first : end)}`
    total += to - from + 1
    last = to
  }
  return total
}
