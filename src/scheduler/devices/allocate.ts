import type { Node } from '../../api/core/v1/index.js'
import { tolerates } from '../../api/core/v1/tolerates.js'
import type { AllocationResult, ResourceClaim } from '../../api/resource/v1/index.js'
import { allocationOf } from './allocation-result.js'
import { type Capacities, consumed, hasCapacity } from './device-capacity.js'
import { type ConstraintCheck, constraintCheck } from './device-constraints.js'
import { type DevicePool, isFor, type PooledDevice } from './device-pools.js'
import { type Alternative, alternativesOf, type ClassLookup } from './device-requests.js'
import { selects } from './device-selection.js'
import type { DevicesInUse } from './devices-in-use.js'

/** A claim gets no more devices. */
const mostDevices = 32
/** So many devices are tried before a node is given up. */
const mostTries = 20_000
/** So many devices may be tried for a pod on all nodes, lest others wait for it. */
export const mostTriesOfPod = 200_000

/** A device for a request. */
export interface Chosen {
  readonly alternative: Alternative
  readonly pooled: PooledDevice
  /** What of it, if it is shared with others. */
  readonly share: Capacities | undefined
}

export interface AllocationInput {
  readonly node: Node
  readonly claims: readonly ResourceClaim[]
  /** Those that have devices for the node. */
  readonly pools: readonly DevicePool[]
  readonly classOf: ClassLookup
  /** Comes back as it was. */
  readonly used: DevicesInUse
  /** How many more devices may be tried; counted down. */
  readonly budget?: { left: number }
}

/**
 * Devices for all claims on a node, those of each claim in its place; undefined if they are not to be had. Throws an
 * error where a claim cannot be met because it, or a driver's word, is at fault.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
export function allocate(input: AllocationInput): AllocationResult[] | undefined {
  const chosen = new Search(input).run()
  return chosen && input.claims.map((claim, i) => allocationOf(claim, chosen[i] ?? [], input.node))
}

interface Request {
  readonly claim: number
  readonly alternatives: readonly Alternative[]
}

/** Tries devices one after the other, and takes back what leads nowhere. */
class Search {
  readonly #requests: readonly Request[]
  readonly #constraints: readonly (readonly ConstraintCheck[])[]
  readonly #chosen: Chosen[][]
  readonly #candidates = new Map<Alternative, readonly PooledDevice[]>()
  #tries = 0
  readonly #budget: { left: number }

  constructor(private readonly input: AllocationInput) {
    const { claims, classOf, budget = { left: mostTries } } = input
    this.#budget = budget
    this.#requests = claims.flatMap(({ metadata, spec }, claim) =>
      (spec.devices.requests ?? []).map(request => {
        if (!request.exactly && !request.firstAvailable?.length)
          throw new Error(`claim ${metadata.name}, request ${request.name}: unknown request type`)
        return { claim, alternatives: alternativesOf(request, classOf) }
      }),
    )
    this.#constraints = claims.map(({ spec }) => (spec.devices.constraints ?? []).map(constraintCheck))
    this.#chosen = claims.map(() => [])
  }

  run(): readonly (readonly Chosen[])[] | undefined {
    if (!this.#meet(0)) return undefined
    for (const each of this.#chosen.flat()) this.#release(each)
    return this.#chosen
  }

  #meet(at: number): boolean {
    const request = this.#requests[at]
    if (!request) return true
    return request.alternatives.some(alternative => {
      const selected = this.#candidatesOf(request.claim, alternative)
      // Who wants all wants those, too, that are taken.
      const candidates =
        alternative.count === 'all' ? selected : selected.filter(pooled => this.#isFree(alternative, pooled))
      const count = alternative.count === 'all' ? candidates.length : alternative.count
      if (count === 0 || count > candidates.length) return false
      if ((this.#chosen[request.claim]?.length ?? 0) + count > mostDevices) return false
      return this.#fill(request.claim, alternative, candidates, count, 0, at + 1)
    })
  }

  /** So many more of the candidates from one on, and then the other requests. */
  #fill(
    claim: number,
    alternative: Alternative,
    candidates: readonly PooledDevice[],
    count: number,
    from: number,
    next: number,
  ): boolean {
    if (count === 0) return this.#meet(next)
    for (let i = from; i <= candidates.length - count; i++) {
      if (++this.#tries > mostTries || --this.#budget.left < 0) throw new Error('timed out trying to allocate devices')
      const pooled = candidates[i]
      const undo = pooled && this.#take(claim, alternative, pooled)
      if (!undo) continue
      if (this.#fill(claim, alternative, candidates, count - 1, i + 1, next)) return true
      undo()
    }
    return false
  }

  #take(claim: number, alternative: Alternative, pooled: PooledDevice): (() => void) | undefined {
    const { device, key } = pooled
    const { used } = this.input
    if (!this.#isFree(alternative, pooled)) return undefined
    let share: Capacities | undefined
    if (device.allowMultipleAllocations) {
      share = consumed(device, alternative.capacity, used.sharesOf(key))
      if (!share) return undefined
    }
    if (!alternative.adminAccess && !used.leavesCounters(pooled)) return undefined
    const checks = this.#constraints[claim] ?? []
    const passed: ConstraintCheck[] = []
    const forget = () => {
      for (const check of passed) check.remove(alternative.name, pooled)
    }
    for (const check of checks) {
      if (!check.add(alternative.name, pooled)) {
        forget()
        return undefined
      }
      passed.push(check)
    }
    if (!alternative.adminAccess) used.take(key, share)
    const chosen = { alternative, pooled, share }
    this.#chosen[claim]?.push(chosen)
    return () => {
      this.#release(chosen)
      this.#chosen[claim]?.pop()
      forget()
    }
  }

  #isFree({ adminAccess }: Alternative, { device, key }: PooledDevice): boolean {
    const { used } = this.input
    return device.allowMultipleAllocations ? !used.isWhole(key) : adminAccess || !used.isUsed(key)
  }

  #release({ alternative, share, pooled }: Chosen): void {
    if (!alternative.adminAccess) this.input.used.giveBack(pooled.key, share)
  }

  /** The devices that an alternative selects on the node. Those that wait for conditions come last. */
  #candidatesOf(claim: number, alternative: Alternative): readonly PooledDevice[] {
    let found = this.#candidates.get(alternative)
    if (!found) {
      found = this.#select(claim, alternative)
      this.#candidates.set(alternative, found)
    }
    return found
  }

  #select(claim: number, alternative: Alternative): readonly PooledDevice[] {
    const { node, pools, claims } = this.input
    const { name, deviceClass, selectors, count, capacity, tolerations } = alternative
    const claimName = `claim ${claims[claim]?.metadata.name}`
    const found: PooledDevice[] = []
    for (const pool of pools) {
      if (pool.fault && count === 'all')
        throw new Error(
          `${claimName}, request ${name}: asks for all devices, but resource pool ${pool.driver}/${pool.name} is currently ` +
            (pool.fault === 'invalid' ? 'invalid' : 'being updated'),
        )
      if (pool.fault) continue
      for (const pooled of pool.devices) {
        const { device } = pooled
        if (!isFor(node, pooled)) continue
        if (!selects(deviceClass.spec.selectors, pool.driver, device, `class ${deviceClass.metadata.name}`)) continue
        if (!selects(selectors, pool.driver, device, claimName)) continue
        if (!device.allowMultipleAllocations && !hasCapacity(device, capacity)) continue
        const keepsAway = device.taints?.some(
          taint => taint.effect !== 'None' && !tolerations.some(each => tolerates(each, taint)),
        )
        // Who wants all of them cannot have them then.
        if (keepsAway && count === 'all') return []
        if (!keepsAway) found.push(pooled)
      }
    }
    const waits = ({ device }: PooledDevice) => Number((device.bindingConditions ?? []).length > 0)
    return found.sort((a, b) => waits(a) - waits(b))
  }
}
