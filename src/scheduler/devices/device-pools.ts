import type { Node } from '../../api/core/v1/index.js'
import { termMatches } from '../../api/core/v1/node-matches.js'
import { currentSlices } from '../../api/resource/v1/current-slices.js'
import type { CounterSet, Device, ResourceSlice } from '../../api/resource/v1/index.js'

/** A device with where it comes from. */
export interface PooledDevice {
  readonly device: Device
  readonly slice: ResourceSlice
  readonly pool: DevicePool
  /** As `deviceKey`. */
  readonly key: string
}

/** The devices that a driver tells of together. */
export interface DevicePool {
  readonly name: string
  readonly driver: string
  /** Those for other nodes included. */
  readonly devices: readonly PooledDevice[]
  readonly counterSets: readonly CounterSet[]
  /** Why nothing may be taken from it now: `incomplete` while the driver is still telling. */
  readonly fault: 'incomplete' | 'invalid' | undefined
}

/** Tells a device from all others. */
export const deviceKey = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`

/** A pool from all slices there are of it. */
export function poolOf(slices: readonly ResourceSlice[]): DevicePool | undefined {
  const current = currentSlices(slices)
  const [first] = current
  if (!first) return undefined
  const { driver, pool } = first.spec
  const devices: PooledDevice[] = []
  const keys = new Set<string>()
  const made: DevicePool = {
    name: pool.name,
    driver,
    devices,
    counterSets: current.flatMap(({ spec }) => spec.sharedCounters ?? []),
    get fault() {
      if (current.length !== pool.resourceSliceCount) return 'incomplete'
      return keys.size < devices.length ? 'invalid' : undefined
    },
  }
  for (const slice of current)
    for (const device of slice.spec.devices ?? []) {
      const key = deviceKey(driver, pool.name, device.name)
      keys.add(key)
      devices.push({ device, slice, pool: made, key })
    }
  return made
}

/** Who can use a device: that of the slice, unless each device says so for itself. */
export const placement = ({
  device,
  slice: { spec },
}: PooledDevice): Pick<Device, 'nodeName' | 'nodeSelector' | 'allNodes'> =>
  spec.perDeviceNodeSelection ? device : spec

/** Whether a node can use a device. */
export function isFor(node: Node, pooled: PooledDevice): boolean {
  const { nodeName, nodeSelector, allNodes } = placement(pooled)
  if (nodeName) return nodeName === node.metadata.name
  if (nodeSelector) return nodeSelector.nodeSelectorTerms.some(term => termMatches(term, node))
  return allNodes ?? false
}
