import type {
  DeviceClass,
  DeviceRequest,
  DeviceSelector,
  DeviceToleration,
  ResourceClaim,
} from '../../api/resource/v1/index.js'
import type { Capacities } from './device-capacity.js'

/** One way to meet a request. */
export interface Alternative {
  /** The name of the request, and after a slash that of one of several alternatives. */
  readonly name: string
  readonly deviceClass: DeviceClass
  readonly selectors: readonly DeviceSelector[]
  /** `all`: every device that is selected, one at least. */
  readonly count: number | 'all'
  readonly adminAccess: boolean
  readonly tolerations: readonly DeviceToleration[]
  readonly capacity: Capacities
}

export type ClassLookup = (name: string) => DeviceClass | undefined

/** The classes that a claim's requests name, with the requests. */
export const classNamesOf = ({ spec }: ResourceClaim): (readonly [request: string, className: string])[] =>
  (spec.devices.requests ?? []).flatMap(({ name, exactly, firstAvailable = [] }) => [
    ...(exactly ? [[name, exactly.deviceClassName] as const] : []),
    ...firstAvailable.map(each => [`${name}/${each.name}`, each.deviceClassName] as const),
  ])

/** The ways to meet a request, the best first. Throws an error for a class that is not there. */
export function alternativesOf(
  { name, exactly, firstAvailable = [] }: DeviceRequest,
  classOf: ClassLookup,
): Alternative[] {
  const made = (fullName: string, request: Omit<NonNullable<typeof exactly>, 'adminAccess'>, adminAccess = false) => {
    const { deviceClassName, selectors = [], allocationMode, count = 1, tolerations = [], capacity } = request
    const deviceClass = classOf(deviceClassName)
    if (!deviceClass) throw new Error(`request ${fullName}: device class ${deviceClassName} does not exist`)
    if (allocationMode && allocationMode !== 'All' && allocationMode !== 'ExactCount')
      throw new Error(`request ${fullName}: unsupported count mode ${allocationMode}`)
    return {
      name: fullName,
      deviceClass,
      selectors,
      count: allocationMode === 'All' ? ('all' as const) : count,
      adminAccess,
      tolerations,
      capacity: capacity?.requests ?? {},
    }
  }
  return exactly
    ? [made(name, exactly, exactly.adminAccess)]
    : firstAvailable.map(each => made(`${name}/${each.name}`, each))
}
