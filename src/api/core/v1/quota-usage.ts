import { parseQuantity, type Quantity, quantity } from '../../../machinery/quantity.js'
import type { PersistentVolumeClaim } from './persistent-volume-claim.js'
import type { Pod } from './pod.js'
import { podLimitQuantities, podRequestQuantities } from './pod-resources.js'
import { claimInScopes, podInScopes, requirementsOf } from './quota-scopes.js'
import { isExtendedResource, isHugePages } from './resource-quantities.js'
import type { ResourceQuota } from './resource-quota.js'
import type { Service } from './service.js'

/** Amounts of what quotas bound: `pods`, `requests.cpu`, `count/deployments.apps`. */
export interface QuotaUsage {
  readonly [resource: string]: Quantity
}

/** Names the kind of an object as quotas do. */
export interface CountedResource {
  readonly group: string
  readonly plural: string
}

/** `deployments.apps`, `pods`. */
const counted = ({ group, plural }: CountedResource): string => (group ? `${plural}.${group}` : plural)

/** Core kinds that may be counted by their plain names. */
const plainlyCounted = new Set(['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets'])

const one = quantity(1)

/**
 * When a pod that is being deleted stops counting, in ms: its node may be lost, and what shall take its place should not
 * wait for that. It is given twice its time. Undefined for others.
 */
export function countsUntil({ metadata }: Pod): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return undefined
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000
}

/**
 * What an object takes of the quotas of its namespace, at a time (in ms) if it matters.
 * https://kubernetes.io/docs/concepts/policy/resource-quotas/#types-of-resource-quota
 */
export function quotaUsage(
  resource: CountedResource,
  object: object,
  now: number = Number.NEGATIVE_INFINITY,
): QuotaUsage {
  const count = { [`count/${counted(resource)}`]: one }
  if (resource.group === 'resource.k8s.io' && resource.plural === 'resourceclaims')
    return { ...count, ...deviceUsage(object as ResourceClaimLike) }
  if (resource.group !== '') return count
  switch (resource.plural) {
    case 'pods':
      return { ...count, ...podUsage(object as Pod, now) }
    case 'services':
      return { ...count, ...serviceUsage(object as Service) }
    case 'persistentvolumeclaims':
      return { ...count, ...claimUsage(object as PersistentVolumeClaim) }
    default:
      return plainlyCounted.has(resource.plural) ? { ...count, [resource.plural]: one } : count
  }
}

/** Whether a quota counts objects such as this at all. */
export function quotaCounts(quota: ResourceQuota, resource: CountedResource, object: object): boolean {
  if (resource.group === '' && resource.plural === 'pods') return podInScopes(quota, object as Pod)
  if (resource.group === '' && resource.plural === 'persistentvolumeclaims')
    return claimInScopes(quota, object as PersistentVolumeClaim)
  return requirementsOf(quota).length === 0
}

/** Containers take part in these only by saying how much. */
const requiredOfContainers = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
])

/** What a pod's containers must say and do not, as people read it; empty if nothing is missing. */
export function unspecified(pod: Pod, hard: readonly string[]): string {
  const required = hard.filter(name => requiredOfContainers.has(name)).sort()
  if (required.length === 0) return ''
  const whole = new Set(Object.keys(computeUsage(pod.spec.resources ?? {})))
  const missing = new Map<string, string[]>()
  for (const { name, resources } of [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]) {
    const said = computeUsage(resources ?? {})
    for (const resource of required)
      if (!said[resource] && !whole.has(resource)) missing.set(resource, [...(missing.get(resource) ?? []), name])
  }
  if (missing.size === 0) return ''
  const lines = [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, names]) => `${resource} for: ${names.join()}`)
  return `must specify ${lines.join('; ')}`
}

interface Requirements {
  readonly requests?: { readonly [resource: string]: string }
  readonly limits?: { readonly [resource: string]: string }
}

const exactly = (amounts: { readonly [resource: string]: string } = {}) =>
  Object.fromEntries(Object.entries(amounts).map(([name, text]) => [name, parseQuantity(text)]))

const computeUsage = ({ requests, limits }: Requirements): QuotaUsage => named(exactly(requests), exactly(limits))

/** By the names that quotas have for requests and limits. */
function named(
  requests: { readonly [resource: string]: Quantity },
  limits: { readonly [resource: string]: Quantity },
): QuotaUsage {
  const usage: Record<string, Quantity> = {}
  for (const [name, amount] of Object.entries(requests)) {
    if (['cpu', 'memory', 'ephemeral-storage'].includes(name) || isHugePages(name)) {
      usage[name] = amount
      usage[`requests.${name}`] = amount
    } else if (isExtendedResource(name)) usage[`requests.${name}`] = amount
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const amount = limits[name]
    if (amount) usage[`limits.${name}`] = amount
  }
  return usage
}

/** Pods that have ended, or should have long since, take nothing but their place among the counted objects. */
function podUsage(pod: Pod, now: number): QuotaUsage {
  const phase = pod.status?.phase
  if (phase === 'Failed' || phase === 'Succeeded' || now > (countsUntil(pod) ?? now)) return {}
  return { pods: one, ...named(podRequestQuantities(pod), podLimitQuantities(pod)) }
}

function serviceUsage({ spec }: Service): QuotaUsage {
  const ports = quantity(spec.ports?.length ?? 0)
  switch (spec.type) {
    case 'NodePort':
      return { services: one, 'services.nodeports': ports }
    case 'LoadBalancer':
      return {
        services: one,
        'services.loadbalancers': one,
        'services.nodeports':
          spec.allocateLoadBalancerNodePorts === false
            ? quantity((spec.ports ?? []).filter(({ nodePort }) => nodePort).length)
            : ports,
      }
    default:
      return { services: one }
  }
}

const classSuffix = '.storageclass.storage.k8s.io/'

function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): QuotaUsage {
  const asked = parseQuantity(spec.resources.requests?.storage ?? '0')
  const allocated = parseQuantity(status?.allocatedResources?.storage ?? '0')
  const storage = allocated.nanos > asked.nanos ? allocated : asked
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec.storageClassName
  return {
    persistentvolumeclaims: one,
    'requests.storage': storage,
    ...(className
      ? {
          [`${className}${classSuffix}persistentvolumeclaims`]: one,
          [`${className}${classSuffix}requests.storage`]: storage,
        }
      : {}),
  }
}

interface DeviceRequestLike {
  readonly deviceClassName?: string
  readonly allocationMode?: string
  readonly count?: number | bigint
}

interface ResourceClaimLike {
  readonly spec?: {
    readonly devices?: {
      readonly requests?: readonly {
        readonly exactly?: DeviceRequestLike
        readonly firstAvailable?: readonly DeviceRequestLike[]
      }[]
    }
  }
}

/** Devices that one request gets at most when it asks for all of them. */
const maximumDevices = 32

function deviceUsage({ spec }: ResourceClaimLike): QuotaUsage {
  const usage: Record<string, Quantity> = {}
  for (const { exactly: only, firstAvailable = [] } of spec?.devices?.requests ?? []) {
    // Of alternatives, each class is counted with the most that any of them takes.
    const most = new Map<string, number>()
    for (const { deviceClassName = '', allocationMode, count = 1 } of only ? [only] : firstAvailable) {
      const devices = allocationMode === 'All' ? maximumDevices : Number(count)
      most.set(deviceClassName, Math.max(most.get(deviceClassName) ?? 0, devices))
    }
    for (const [name, devices] of most) {
      const resource = `${name}.deviceclass.resource.k8s.io/devices`
      usage[resource] = quantity(BigInt(devices) + (usage[resource]?.nanos ?? 0n) / 1_000_000_000n)
    }
  }
  return usage
}
