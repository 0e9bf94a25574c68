import {
  duplicate,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-errors.js'
import { dns1123Label } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { subdomainName } from '../../field-rules.js'
import {
  exactlyOne,
  mostConfigurations,
  validateConfiguration,
  validateDeviceToleration,
  validateQualifiedIdentifier,
  validateSelectors,
} from './device-rules.js'
import type {
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from './resource-claim-spec.js'

const mostRequests = 32
const mostConstraints = 32
const mostAlternatives = 8
const mostTolerations = 16

/** What a claim leaves out of its requests. */
export function defaultClaimSpec({ devices }: Draft<ResourceClaimSpec>): void {
  for (const { exactly, firstAvailable } of devices.requests ?? [])
    for (const request of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])]) {
      request.allocationMode ||= 'ExactCount'
      if (request.allocationMode === 'ExactCount') request.count ||= 1
    }
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
export function validateClaimSpec({ devices }: ResourceClaimSpec, spec: FieldPath): FieldError[] {
  const at = spec.child('devices')
  const requests = devices.requests ?? []
  const { constraints = [], config = [] } = devices
  const errors: FieldError[] = []
  if (requests.length > mostRequests) errors.push(tooMany(at.child('requests'), requests.length, mostRequests))
  const names = new Set<string>()
  requests.forEach((request, i) => {
    {
      const here = at.child('requests').index(i)
      errors.push(...validateRequest(request, here))
      if (names.has(request.name)) errors.push(duplicate(here, request.name))
      names.add(request.name)
    }
  })
  if (constraints.length > mostConstraints)
    errors.push(tooMany(at.child('constraints'), constraints.length, mostConstraints))
  constraints.forEach((constraint, i) => {
    errors.push(...validateConstraint(constraint, requests, at.child('constraints').index(i)))
  })
  if (config.length > mostConfigurations) errors.push(tooMany(at.child('config'), config.length, mostConfigurations))
  config.forEach((configuration, i) => {
    {
      const here = at.child('config').index(i)
      errors.push(
        ...validateRequestNames(configuration.requests, requests, here.child('requests')),
        ...validateConfiguration(configuration, here),
      )
    }
  })
  return errors
}

const validateName = (name: string, at: FieldPath): FieldError[] =>
  name ? invalidValues(at, name, dns1123Label(name)) : [required(at)]

function validateRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, at: FieldPath): FieldError[] {
  const errors = validateName(name, at.child('name'))
  const set = [...(firstAvailable.length > 0 ? ['firstAvailable'] : []), ...(exactly ? ['exactly'] : [])].reverse()
  errors.push(...exactlyOne(set, ['exactly', 'firstAvailable'], at, ' or '))
  if (exactly) errors.push(...validateAmount(exactly, at.child('exactly')))
  const list = at.child('firstAvailable')
  if (firstAvailable.length > mostAlternatives) errors.push(tooMany(list, firstAvailable.length, mostAlternatives))
  const names = new Set<string>()
  firstAvailable.forEach((alternative, i) => {
    {
      const here = list.index(i)
      errors.push(...validateName(alternative.name, here.child('name')))
      if (names.has(alternative.name)) errors.push(duplicate(here, alternative.name))
      names.add(alternative.name)
      errors.push(...validateAmount(alternative, here))
    }
  })
  return errors
}

/** Which devices, and how many. */
function validateAmount(request: ExactDeviceRequest | DeviceSubRequest, at: FieldPath): FieldError[] {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations = [] } = request
  const errors = deviceClassName
    ? subdomainName(deviceClassName, at.child('deviceClassName'))
    : [required(at.child('deviceClassName'))]
  errors.push(...validateSelectors(selectors, at.child('selectors')))
  if (allocationMode === 'All') {
    if (count !== 0)
      errors.push(invalidValue(at.child('count'), count, "must not be specified when allocationMode is 'All'"))
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) errors.push(invalidValue(at.child('count'), count, 'must be greater than zero'))
  } else errors.push(notSupported(at.child('allocationMode'), allocationMode, ['All', 'ExactCount']))
  if (tolerations.length > mostTolerations)
    errors.push(tooMany(at.child('tolerations'), tolerations.length, mostTolerations))
  tolerations.forEach((toleration, i) => {
    errors.push(...validateDeviceToleration(toleration, at.child('tolerations').index(i)))
  })
  return errors
}

function validateRequestNames(
  names: readonly string[] | undefined,
  requests: readonly DeviceRequest[],
  at: FieldPath,
): FieldError[] {
  const known = new Set(
    requests.flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map(each => `${name}/${each.name}`)]),
  )
  const given = names ?? []
  const errors: FieldError[] = given.length > mostRequests ? [tooMany(at, given.length, mostRequests)] : []
  given.forEach((name, i) => {
    {
      const here = at.index(i)
      if (!known.has(name))
        errors.push(
          invalidValue(
            here,
            name,
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
          ),
        )
      if (given.indexOf(name) < i) errors.push(duplicate(here, name))
    }
  })
  return errors
}

function validateConstraint(
  { requests: names, matchAttribute, distinctAttribute }: DeviceConstraint,
  requests: readonly DeviceRequest[],
  at: FieldPath,
): FieldError[] {
  const errors = validateRequestNames(names, requests, at.child('requests'))
  if (matchAttribute !== undefined)
    errors.push(...validateQualifiedIdentifier(matchAttribute, at.child('matchAttribute'), true))
  else if (distinctAttribute !== undefined)
    errors.push(...validateQualifiedIdentifier(distinctAttribute, at.child('distinctAttribute'), true))
  else errors.push(required(at, 'exactly one of `distinctAttribute` or `matchAttribute` is required'))
  return errors
}
