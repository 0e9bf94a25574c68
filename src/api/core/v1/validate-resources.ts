import {
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundField,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import { compareQuantities, parseQuantity } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { sortedKeys } from '../../../schema/index.js'
import { labelName } from '../../field-rules.js'
import type { ContainerResizePolicy } from './container.js'
import {
  isHugePages,
  mayOvercommit,
  validateContainerResourceName,
  validateResourceQuantity,
} from './resource-quantities.js'
import type { ResourceRequirements } from './resource-requirements.js'

/** What a container asks for and is held to. `claims` are the names of the pod's resource claims. */
export function validateResources(
  { limits = {}, requests = {}, claims = [] }: ResourceRequirements,
  claimNames: ReadonlySet<string>,
  at: FieldPath,
  validateName = validateContainerResourceName,
): FieldError[] {
  const errors: FieldError[] = []
  const check = (name: string, quantity: string, here: FieldPath) =>
    errors.push(...validateName(name, here), ...validateAmount(name, quantity, here))
  const limited = sortedKeys(limits)
  const requested = sortedKeys(requests)
  for (const name of limited) check(name, limits[name] ?? '0', at.child('limits').key(name))
  for (const name of requested) {
    const request = requests[name] ?? '0'
    check(name, request, at.child('requests').key(name))
    const limit = limits[name]
    if (limit === undefined) {
      if (!mayOvercommit(name))
        errors.push(required(at.child('limits'), 'Limit must be set for non overcommitable resources'))
      continue
    }
    const order = compareQuantities(request, limit)
    if (order !== 0 && !mayOvercommit(name))
      errors.push(invalidValue(at.child('requests'), request, `must be equal to ${name} limit of ${limit}`))
    else if (order > 0)
      errors.push(
        invalidValue(at.child('requests'), request, `must be less than or equal to ${name} limit of ${limit}`),
      )
  }
  const names = (name: string): boolean => limited.includes(name) || requested.includes(name)
  if ((limited.some(isHugePages) || requested.some(isHugePages)) && !names('cpu') && !names('memory'))
    errors.push(forbiddenField(at, 'HugePages require cpu or memory'))
  if (claims.length > 0) errors.push(...validateClaims(claims, claimNames, at.child('claims')))
  return errors
}

function validateAmount(name: string, quantity: string, at: FieldPath): FieldError[] {
  const errors = validateResourceQuantity(name, quantity, at)
  if (isHugePages(name) && !isWholePages(name, quantity))
    errors.push(invalidValue(at, quantity, `${quantity} is not positive integer multiple of ${name}`))
  return errors
}

function isWholePages(name: string, quantity: string): boolean {
  try {
    const page = parseQuantity(name.slice('hugepages-'.length)).nanos
    const amount = parseQuantity(quantity).nanos
    return page > 0n && amount > 0n && amount % page === 0n
  } catch {
    return false
  }
}

function validateClaims(
  claims: readonly { readonly name: string; readonly request?: string }[],
  known: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const seen = new Set<string>()
  return claims.flatMap(({ name, request = '' }, i) => {
    const here = at.index(i)
    if (!name) return [required(here)]
    const errors: FieldError[] = []
    if (seen.has(name)) errors.push(duplicate(here, name))
    else {
      if (request) errors.push(...labelName(request, here.child('request')))
      const key = request ? `${name}/${request}` : name
      if (seen.has(key)) errors.push(duplicate(here, key))
      else if (!request && [...seen].some(other => other.startsWith(`${name}/`))) errors.push(duplicate(here, name))
      seen.add(key)
    }
    if (!known.has(name)) {
      const list = 'must be one of the names in pod.spec.resourceClaims'
      const names = known.size === 0 ? `${list} which is empty` : `${list}: ${[...known].sort().join(', ')}`
      const { reason, field, message } = notFoundField(here, name)
      errors.push({ reason, field, message: `${message}: ${names}` })
    }
    return errors
  })
}

/** What happens to a container when its resources change. */
export function validateResizePolicy(
  policies: readonly ContainerResizePolicy[] | undefined,
  podRestartPolicy: string | undefined,
  at: FieldPath,
): FieldError[] {
  if (!policies?.length) return []
  const errors: FieldError[] = []
  const seen = new Set<string>()
  policies.forEach(({ resourceName, restartPolicy }, i) => {
    if (seen.has(resourceName)) errors.push(duplicate(at.index(i), resourceName))
    seen.add(resourceName)
    if (!resourceName) errors.push(required(at))
    else if (resourceName !== 'cpu' && resourceName !== 'memory')
      errors.push(notSupported(at, resourceName, ['cpu', 'memory']))
    if (!restartPolicy) errors.push(required(at))
    else if (restartPolicy !== 'NotRequired' && restartPolicy !== 'RestartContainer')
      errors.push(notSupported(at, restartPolicy, ['NotRequired', 'RestartContainer']))
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalidValue(at, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
  })
  return errors
}
