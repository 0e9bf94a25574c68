import { invalidValue, invalidValues, notSupported } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import { parseQuantity } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nonNegativeQuantity } from '../../field-rules.js'

/** Names of resources: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage'])

const countedResources = new Set([
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
])

const standardResources = new Set([
  ...containerResources,
  ...countedResources,
  'storage',
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap(name => [`requests.${name}`, `limits.${name}`]),
  'requests.storage',
])

const quotaResources = new Set([...standardResources].filter(name => name !== 'storage'))

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-')

/** Kubernetes' own: without a domain, or with one of its own. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')

/** Somebody else's, which nodes advertise: `example.com/gpu`. */
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0

/** Containers may ask for less than they are allowed to use. */
export const mayOvercommit = (name: string): boolean => isNativeResource(name) && !isHugePages(name)

const isQuotaHugePages = (name: string): boolean => isHugePages(name) || name.startsWith('requests.hugepages-')

const isStandard = (name: string): boolean => standardResources.has(name) || isQuotaHugePages(name)

/** What quotas bound besides extended resources and counts of objects (`count/deployments.apps`). */
export const isQuotaResource = (name: string): boolean => quotaResources.has(name) || isQuotaHugePages(name)

/** The name of any resource. */
export function validateResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = invalidValues(at, name, qualifiedName(name))
  if (errors.length > 0) return errors
  return name.includes('/') || isStandard(name)
    ? []
    : [invalidValue(at, name, 'must be a standard resource type or fully qualified')]
}

/** The name of a resource that a container may ask for. */
export function validateContainerResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at)
  if (!name.includes('/')) {
    if (!containerResources.has(name) && !isHugePages(name))
      errors.push(invalidValue(at, name, 'must be a standard resource for containers'))
  } else if (!isNativeResource(name) && !isExtendedResource(name))
    errors.push(invalidValue(at, name, "doesn't follow extended resource name standard"))
  return errors
}

/** The name of a resource that a pod as a whole may ask for. */
export function validatePodResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at)
  if (errors.length > 0 || name === 'cpu' || name === 'memory' || isHugePages(name)) return errors
  return [notSupported(at, name, ['cpu', 'hugepages-', 'memory'])]
}

/** The name of a resource that a quota may bound. */
export function validateQuotaResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at)
  if (!name.includes('/') && !isQuotaResource(name))
    errors.push(invalidValue(at, name, 'must be a standard resource for quota'))
  return errors
}

/** Not negative, and whole where there are no parts of it. */
export function validateResourceQuantity(name: string, quantity: string, at: FieldPath): FieldError[] {
  const errors = nonNegativeQuantity(quantity, at)
  if ((countedResources.has(name) || isExtendedResource(name)) && parseQuantity(quantity).nanos % 1_000_000_000n !== 0n)
    errors.push(invalidValue(at, quantity, 'must be an integer'))
  return errors
}
