import { invalidValue, notSupported, required } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { Draft } from '../../../schema/index.js'
import { labelName, subdomainName } from '../../field-rules.js'
import { validateItems, validateSet } from '../../list-rules.js'
import {
  mostConfigurations,
  validateConfiguration,
  validateDeviceToleration,
  validateFullIdentifier,
  validateSelectors,
} from './device-rules.js'
import type {
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from './resource-claim-spec.js'

export const mostRequests = 32
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
export function validateClaimSpec(spec: ResourceClaimSpec, at: FieldPath): FieldError[] {
  const devices = at.child('devices')
  const { requests, constraints, config } = spec.devices
  const names = requestNames(spec)
  return [
    ...validateSet(requests, mostRequests, devices.child('requests'), validateRequest, ({ name }) => name),
    ...validateItems(constraints, mostConstraints, devices.child('constraints'), (constraint, here) =>
      validateConstraint(constraint, names, here),
    ),
    ...validateItems(config, mostConfigurations, devices.child('config'), (configuration, here) => [
      ...validateRequestNames(configuration.requests, names, here.child('requests')),
      ...validateConfiguration(configuration, here),
    ]),
  ]
}

function validateRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, at: FieldPath): FieldError[] {
  const errors = labelName(name, at.child('name'))
  const detail = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly && firstAvailable.length > 0)
    return [...errors, invalidValue(at, null, `${detail}, but multiple fields are set`)]
  if (exactly) return [...errors, ...validateAmount(exactly, at.child('exactly'))]
  if (firstAvailable.length === 0) return [...errors, required(at, detail)]
  return [
    ...errors,
    ...validateSet(
      firstAvailable,
      mostAlternatives,
      at.child('firstAvailable'),
      (alternative, here) => [...labelName(alternative.name, here.child('name')), ...validateAmount(alternative, here)],
      alternative => alternative.name,
    ),
  ]
}

/** Which devices, and how many. */
function validateAmount(request: ExactDeviceRequest | DeviceSubRequest, at: FieldPath): FieldError[] {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations } = request
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
  return [...errors, ...validateItems(tolerations, mostTolerations, at.child('tolerations'), validateDeviceToleration)]
}

/** The alternatives of each request of a claim, by the request's name. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>

export const requestNames = ({ devices }: ResourceClaimSpec): RequestNames =>
  new Map(
    devices.requests?.map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map(each => each.name))]),
  )

/** A request, or one of its alternatives behind a slash. */
export function validateRequestName(name: string, names: RequestNames, at: FieldPath): FieldError[] {
  const unknown = invalidValue(
    at,
    name,
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
  )
  const parts = name.split('/')
  const [request = '', alternative] = parts
  if (parts.length > 2) return [unknown]
  const errors = parts.flatMap(part => labelName(part, at))
  const alternatives = names.get(request)
  const isKnown = alternatives && (alternative === undefined || alternatives.has(alternative))
  return isKnown ? errors : [...errors, unknown]
}

const validateRequestNames = (given: readonly string[] | undefined, names: RequestNames, at: FieldPath): FieldError[] =>
  validateSet(
    given,
    mostRequests,
    at,
    (name, here) => validateRequestName(name, names, here),
    name => name,
  )

function validateConstraint(
  { requests, matchAttribute, distinctAttribute }: DeviceConstraint,
  names: RequestNames,
  at: FieldPath,
): FieldError[] {
  const errors = validateRequestNames(requests, names, at.child('requests'))
  if (matchAttribute !== undefined) errors.push(...validateFullIdentifier(matchAttribute, at.child('matchAttribute')))
  else if (distinctAttribute !== undefined)
    errors.push(...validateFullIdentifier(distinctAttribute, at.child('distinctAttribute')))
  else
    errors.push(
      required(at, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'),
    )
  return errors
}
