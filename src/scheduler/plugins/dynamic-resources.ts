import type { Node, Pod } from '../../api/core/v1/index.js'
import { termMatches } from '../../api/core/v1/node-matches.js'
import { type AllocationResult, DeviceClass, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { claimNamesOf } from '../../api/resource/v1/pod-device-claims.js'
import { messageOf } from '../../machinery/message-of.js'
import { isNotFound } from '../../machinery/status-error.js'
import { allocate } from '../devices/allocate.js'
import { deallocate, devicesReady, releaseClaim, reserveClaim } from '../devices/bind-devices.js'
import { deviceState } from '../devices/device-state.js'
import { checkClaim, deviceClaims, isReservedFor } from '../devices/pod-device-claims.js'
import { type PluginFactory, type Rejection, type SchedulingCycle, Unschedulable } from '../framework.js'
import { kindInterest, nodeInterest } from '../hints.js'

/** What an attempt has found out. */
interface Findings {
  readonly claims: readonly ResourceClaim[]
  /** Allocations for the claims that have none, in their order, by node. */
  readonly plans: Map<string, readonly AllocationResult[]>
  /** Claims with devices that some node cannot use. */
  readonly unavailable: Set<ResourceClaim>
}

const unavailable: Rejection = { reasons: ['resourceclaim not available on the node'], unresolvable: true }
const noDevices: Rejection = { reasons: ['cannot allocate all claims'], unresolvable: true }

/**
 * A pod goes where there are the devices that its claims ask for; they are allocated before it is bound.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
export const dynamicResources: PluginFactory = ({ client, informers, clock, onError }) => {
  const state = deviceState(informers)
  const attempts = new WeakMap<SchedulingCycle, Findings>()

  /** The claims of an attempt that have no devices yet, with those found for them on a node. */
  function planned(cycle: SchedulingCycle, node: string): (readonly [ResourceClaim, AllocationResult])[] {
    const found = attempts.get(cycle)
    const plan = found?.plans.get(node) ?? []
    const open = found?.claims.filter(claim => !claim.status.allocation) ?? []
    return open.flatMap((claim, i) => {
      const allocation = plan[i]
      return allocation ? [[claim, allocation] as const] : []
    })
  }

  return {
    name: 'DynamicResources',
    events: [
      kindInterest(ResourceClaim, ['add', 'update', 'delete'], mayFree),
      { of: 'waitingPod', changes: ['updatePodGeneratedResourceClaim'] },
      nodeInterest(['add', 'updateNodeLabel', 'updateNodeTaint']),
      kindInterest(DeviceClass, ['add', 'update']),
      kindInterest(ResourceSlice, ['add', 'update']),
    ],
    preEnqueue(pod) {
      if (!pod.spec.resourceClaims?.length) return undefined
      try {
        deviceClaims(pod, state)
        return undefined
      } catch (error) {
        return messageOf(error)
      }
    },
    filter(cycle) {
      const { pod } = cycle
      if (!pod.spec.resourceClaims?.length) return undefined
      const claims = deviceClaims(pod, state)
      if (claims.length === 0) return undefined
      for (const claim of claims) checkClaim(claim, pod, state)
      const found: Findings = { claims, plans: new Map(), unavailable: new Set() }
      attempts.set(cycle, found)
      const open = claims.filter(({ status }) => !status.allocation)
      // Somebody else is about to write these claims' allocations.
      if (open.some(({ metadata }) => state.pending.has(metadata.uid ?? '')))
        throw new Unschedulable('resourceclaim must not be in the process of being allocated')
      const used = state.devicesInUse()
      const poolsFor = state.poolLookup()
      const faults = new Map<string, Rejection>()
      return ({ name, node }) => {
        if (!node) return undefined
        const elsewhere = claims.filter(claim => !isAvailable(claim, node))
        for (const claim of elsewhere) found.unavailable.add(claim)
        if (elsewhere.length > 0) return unavailable
        if (open.length === 0) return undefined
        try {
          const plan = allocate({ node, claims: open, pools: poolsFor(node), classOf: state.deviceClass, used })
          if (!plan) return noDevices
          found.plans.set(name, plan)
          return undefined
        } catch (error) {
          const reason = messageOf(error)
          const known = faults.get(reason) ?? { reasons: [reason], unresolvable: true }
          faults.set(reason, known)
          return known
        }
      }
    },
    async postFilter(cycle, { filters }) {
      // A pod that was rejected as a whole never came to where its device claims are looked at.
      if (!filters) throw new Unschedulable('not found')
      const found = attempts.get(cycle)
      if (!found) return { message: 'no new claims to deallocate' }
      for (const claim of found.unavailable) {
        const { reservedFor = [] } = claim.status
        if (reservedFor.some(({ uid }) => uid !== cycle.pod.metadata.uid)) continue
        state.claims.wrote(await deallocate(claim, client))
        return { message: 'deallocation of ResourceClaim completed' }
      }
      return { message: 'still not schedulable' }
    },
    reserve(cycle, node) {
      for (const [{ metadata }, allocation] of planned(cycle, node)) state.pending.set(metadata.uid ?? '', allocation)
    },
    unreserve(cycle, node) {
      for (const [{ metadata }, allocation] of planned(cycle, node))
        if (state.pending.get(metadata.uid ?? '') === allocation) state.pending.delete(metadata.uid ?? '')
      for (const { metadata } of attempts.get(cycle)?.claims ?? []) {
        const claim = state.claims.get(metadata)
        if (!claim || !isReservedFor(claim, cycle.pod)) continue
        releaseClaim(claim, cycle.pod, client).then(
          released => state.claims.wrote(released),
          error => {
            if (!isNotFound(error)) onError(error)
          },
        )
      }
    },
    async preBind(cycle, node) {
      const { pod, signal } = cycle
      const plan = new Map(planned(cycle, node))
      const reserved: ResourceClaim[] = []
      for (const claim of attempts.get(cycle)?.claims ?? []) {
        if (!isReservedFor(claim, pod))
          state.claims.wrote(await reserveClaim(claim, plan.get(claim), pod, client, clock))
        state.pending.delete(claim.metadata.uid ?? '')
        reserved.push(state.claims.get(claim.metadata) ?? claim)
      }
      await devicesReady(reserved, state, clock, signal)
    },
  }
}

/** Whether what a claim has been given can be used on a node. */
function isAvailable({ status }: ResourceClaim, node: Node): boolean {
  const selector = status.allocation?.nodeSelector
  return !selector || selector.nodeSelectorTerms.some(term => termMatches(term, node))
}

/** Whether a claim may be the pod's own, or has given devices back. */
function mayFree(old: ResourceClaim | undefined, now: ResourceClaim | undefined, pod: Pod): boolean {
  if (old?.status.allocation && !now?.status.allocation) return true
  return (
    now !== undefined &&
    now.metadata.namespace === pod.metadata.namespace &&
    claimNamesOf(pod).includes(now.metadata.name ?? '')
  )
}
