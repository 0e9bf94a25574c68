import { currentSlices } from '../../api/resource/v1/current-slices.js'
import type { DeviceTaint, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { evictionTaints, toleratedFor } from '../node-lifecycle/tolerations.js'

/**
 * When, in milliseconds, whoever uses the devices of a claim must leave them for their NoExecute taints: not after now if
 * its time is over, infinite if it may stay. `slicesOf` has the slices of a driver's pool.
 */
export function evictionTime(
  { status }: ResourceClaim,
  slicesOf: (driver: string, pool: string) => readonly ResourceSlice[],
  now: number,
): number {
  let due = Number.POSITIVE_INFINITY
  for (const { driver, pool, device, tolerations } of status.allocation?.devices.results ?? [])
    for (const taint of taintsOf(slicesOf(driver, pool), device)) {
      const time = toleratedFor(tolerations, taint)
      due = Math.min(due, (Date.parse(taint.timeAdded ?? '') || now) + time)
    }
  return due
}

const taintsOf = (slices: readonly ResourceSlice[], device: string): readonly DeviceTaint[] =>
  currentSlices(slices).flatMap(({ spec }) =>
    (spec.devices ?? []).filter(({ name }) => name === device).flatMap(({ taints }) => evictionTaints(taints)),
  )
