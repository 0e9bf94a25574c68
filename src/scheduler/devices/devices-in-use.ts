import type { AllocationResult } from '../../api/resource/v1/index.js'
import { compareQuantities, parseQuantity } from '../../machinery/quantity.js'
import { type Capacities, sum } from './device-capacity.js'
import { type DevicePool, deviceKey, type PooledDevice } from './device-pools.js'

/** Which devices are taken, by their keys. What has been taken can be given back. */
export class DevicesInUse {
  readonly #whole = new Set<string>()
  readonly #shared = new Map<string, readonly Capacities[]>()

  /** Those of claims; who has administrator's access takes nothing away. */
  static by(allocations: Iterable<AllocationResult>): DevicesInUse {
    const used = new DevicesInUse()
    for (const { devices } of allocations)
      for (const { driver, pool, device, adminAccess, shareID, consumedCapacity } of devices.results ?? [])
        if (!adminAccess)
          used.take(deviceKey(driver, pool, device), shareID === undefined ? undefined : (consumedCapacity ?? {}))
    return used
  }

  /** `share`: what of it, if it is not taken as a whole. */
  take(key: string, share: Capacities | undefined): void {
    if (share) this.#shared.set(key, [...(this.#shared.get(key) ?? []), share])
    else this.#whole.add(key)
  }

  /** Takes the last `take` of the device back. */
  giveBack(key: string, share: Capacities | undefined): void {
    const rest = share ? (this.#shared.get(key) ?? []).slice(0, -1) : []
    if (rest.length > 0) this.#shared.set(key, rest)
    else if (share) this.#shared.delete(key)
    else this.#whole.delete(key)
  }

  isWhole(key: string): boolean {
    return this.#whole.has(key)
  }

  /** What has been taken of it. */
  sharesOf(key: string): Capacities {
    return (this.#shared.get(key) ?? []).reduce(sum, {})
  }

  isUsed(key: string): boolean {
    return this.#whole.has(key) || this.#shared.has(key)
  }

  /** Whether what a device consumes of its pool's counters is still there. */
  leavesCounters({ device, pool, key }: PooledDevice): boolean {
    const { consumesCounters = [] } = device
    if (consumesCounters.length === 0 || this.isUsed(key)) return true
    return consumesCounters.every(({ counterSet, counters }) =>
      Object.entries(counters ?? {}).every(([name, { value }]) => {
        const total = pool.counterSets.find(set => set.name === counterSet)?.counters?.[name]
        if (!total) return false
        const free = parseQuantity(total.value).nanos - this.#consumedOf(pool, counterSet, name)
        return compareQuantities({ nanos: free, format: 'DecimalSI' }, value) >= 0
      }),
    )
  }

  #consumedOf({ devices }: DevicePool, counterSet: string, name: string): bigint {
    let total = 0n
    for (const { device, key } of devices)
      if (this.isUsed(key))
        for (const each of device.consumesCounters ?? [])
          if (each.counterSet === counterSet) total += parseQuantity(each.counters?.[name]?.value ?? '0').nanos
    return total
  }
}
