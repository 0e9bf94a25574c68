import type { Node, Pod } from '../../api/core/v1/index.js'
import { termMatches } from '../../api/core/v1/node-matches.js'
import { type AllocationResult, DeviceClass, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { claimNamesOf, owningPod } from '../../api/resource/v1/pod-device-claims.js'
import { messageOf } from '../../machinery/message-of.js'
import { isNotFound } from '../../machinery/status-error.js'
import { allocate, mostTriesOfPod } from '../devices/allocate.js'
import {
  createExtendedClaim,
  deallocate,
  deleteExtendedClaim,
  devicesReady,
  releaseClaim,
  reserveClaim,
  tellOfExtendedClaim,
} from '../devices/bind-devices.js'
import { deviceState } from '../devices/device-state.js'
import {
  backedResources,
  type ExtendedClaim,
  extendedClaim,
  extendedResourceAnnotation,
} from '../devices/extended-resources.js'
import { checkClaim, deviceClaims, isReservedFor } from '../devices/pod-device-claims.js'
import { normalized, type PluginFactory, type Rejection, type SchedulingCycle, Unschedulable } from '../framework.js'
import { kindInterest, nodeInterest } from '../hints.js'

/** What is to be allocated for the pod if it goes to a node. */
interface Plan {
  readonly claims: readonly (readonly [ResourceClaim, AllocationResult])[]
  /** One of them that is still to be made. */
  readonly extended: ExtendedClaim | undefined
}

/** What an attempt has found out. */
interface Findings {
  readonly claims: readonly ResourceClaim[]
  readonly plans: Map<string, Plan>
  /** Claims with devices that some node cannot use. */
  readonly unavailable: Set<ResourceClaim>
  /** A claim for extended resources that an attempt has left behind. */
  readonly stale: ResourceClaim | undefined
  /** The claim for extended resources that has been made. */
  created: ResourceClaim | undefined
}

const unavailable: Rejection = { reasons: ['resourceclaim not available on the node'], unresolvable: true }
const left: Rejection = { reasons: ['cannot schedule extended resource claim'], unresolvable: true }
const noDevices: Rejection = { reasons: ['cannot allocate all claims'], unresolvable: true }

/**
 * A pod goes where there are the devices that its claims ask for; they are allocated before it is bound.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
export const dynamicResources: PluginFactory = ({ client, informers, clock, metrics, onError }) => {
  const state = deviceState(informers)
  const attempts = new WeakMap<SchedulingCycle, Findings>()

  const planOf = (cycle: SchedulingCycle, node: string) => attempts.get(cycle)?.plans.get(node)
  const report = (error: unknown) => {
    if (!isNotFound(error)) onError(error)
  }

  return {
    name: 'DynamicResources',
    events: [
      kindInterest(ResourceClaim, ['add', 'update', 'delete'], mayFree),
      { of: 'waitingPod', changes: ['updatePodGeneratedResourceClaim'] },
      nodeInterest(['add', 'updateNodeAllocatable', 'updateNodeLabel', 'updateNodeTaint']),
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
      const claims = pod.spec.resourceClaims?.length ? deviceClaims(pod, state) : []
      const resources = backedResources(pod, state)
      if (claims.length + resources.length === 0) return undefined
      for (const claim of claims) checkClaim(claim, pod, state)
      const stale =
        resources.length > 0
          ? state
              .claimsOwnedBy(pod.metadata.uid ?? '')
              .find(({ metadata }) => metadata.annotations?.[extendedResourceAnnotation] === 'true')
          : undefined
      const found: Findings = { claims, plans: new Map(), unavailable: new Set(), stale, created: undefined }
      attempts.set(cycle, found)
      const open = claims.filter(({ status }) => !status.allocation)
      // Somebody else is about to write these claims' allocations.
      if (open.some(({ metadata }) => state.pending.has(metadata.uid ?? '')))
        throw new Unschedulable('resourceclaim must not be in the process of being allocated')
      const used = state.devicesInUse()
      const poolsFor = state.poolLookup()
      const rejections = new Map<string, Rejection>()
      const budget = { left: mostTriesOfPod }
      const extendedFor = remembering((names: string) => extendedClaim(pod, names.split(' '), state))
      return ({ name, node, allocatable }) => {
        if (!node) return undefined
        if (stale) return left
        const elsewhere = claims.filter(claim => !isAvailable(claim, node))
        for (const claim of elsewhere) found.unavailable.add(claim)
        if (elsewhere.length > 0) return unavailable
        const lacking = resources.filter(resource => !allocatable[resource])
        const extended = lacking.length > 0 ? extendedFor(lacking.join(' ')) : undefined
        const wanted = extended ? [...open, extended.claim] : open
        if (wanted.length === 0) return undefined
        try {
          const allocations = allocate({
            node,
            claims: wanted,
            pools: poolsFor(node),
            classOf: state.deviceClass,
            used,
            budget,
          })
          if (!allocations) return noDevices
          const planned = wanted.flatMap((claim, i) => {
            const allocation = allocations[i]
            return allocation ? [[claim, allocation] as const] : []
          })
          found.plans.set(name, { claims: planned, extended })
          return undefined
        } catch (error) {
          const reason = messageOf(error)
          const known = rejections.get(reason) ?? { reasons: [reason], unresolvable: true }
          rejections.set(reason, known)
          return known
        }
      }
    },
    async postFilter(cycle, { filters }) {
      // A pod that was rejected as a whole never came to where its device claims are looked at.
      if (!filters) throw new Unschedulable('not found')
      const found = attempts.get(cycle)
      if (!found) return { message: 'no new claims to deallocate' }
      if (found.stale) {
        await deleteExtendedClaim(found.stale, client)
        return { message: 'deletion of ResourceClaim completed' }
      }
      for (const claim of found.unavailable) {
        const { reservedFor = [] } = claim.status
        if (reservedFor.some(({ uid }) => uid !== cycle.pod.metadata.uid)) continue
        if (await deallocate(claim, client)) return { message: 'deallocation of ResourceClaim completed' }
      }
      return { message: 'still not schedulable' }
    },
    score(cycle) {
      const found = attempts.get(cycle)
      if (!found?.claims.some(hasAlternatives)) return undefined
      return {
        score: ({ name }) =>
          (found.plans.get(name)?.claims ?? []).reduce((total, planned) => total + rankOf(...planned), 0),
        normalize: scores => normalized(scores),
      }
    },
    reserve(cycle, node) {
      for (const [{ metadata }, allocation] of planOf(cycle, node)?.claims ?? [])
        state.pending.set(metadata.uid ?? '', allocation)
    },
    unreserve(cycle, node) {
      for (const [{ metadata }, allocation] of planOf(cycle, node)?.claims ?? [])
        if (state.pending.get(metadata.uid ?? '') === allocation) state.pending.delete(metadata.uid ?? '')
      const found = attempts.get(cycle)
      if (found?.created) deleteExtendedClaim(found.created, client).catch(report)
      for (const { metadata } of found?.claims ?? []) {
        const claim = state.claims.get(metadata)
        if (claim && isReservedFor(claim, cycle.pod))
          releaseClaim(claim, cycle.pod, client).then(released => state.claims.wrote(released), report)
      }
    },
    preBind(cycle, node) {
      const found = attempts.get(cycle)
      return found && prepare(cycle, found, node)
    },
  }

  /** Writes what has been decided, and waits until the drivers are ready for the pod. */
  async function prepare(cycle: SchedulingCycle, found: Findings, node: string): Promise<void> {
    const { pod, signal } = cycle
    const { claims = [], extended } = planOf(cycle, node) ?? {}
    const allocations = new Map(claims)
    const reserved: ResourceClaim[] = []
    for (const claim of found.claims) {
      if (!isReservedFor(claim, pod))
        state.claims.wrote(await reserveClaim(claim, allocations.get(claim), pod, client, clock))
      state.pending.delete(claim.metadata.uid ?? '')
      reserved.push(state.claims.get(claim.metadata) ?? claim)
    }
    if (extended) {
      found.created = await createExtendedClaim(extended, client, metrics)
      const written = await reserveClaim(found.created, allocations.get(extended.claim), pod, client, clock)
      await tellOfExtendedClaim(written, extended, pod, state, { client, clock, signal })
      state.pending.delete(extended.claim.metadata.uid ?? '')
      reserved.push(written)
    }
    await devicesReady(reserved, state, clock, signal)
  }
}

/** Asks only once for each key. */
function remembering<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>()
  return key => {
    const made = known.get(key) ?? make(key)
    known.set(key, made)
    return made
  }
}

/** A request has no more alternatives. */
const mostAlternatives = 8

const hasAlternatives = ({ spec }: ResourceClaim): boolean =>
  spec.devices.requests?.some(({ firstAvailable = [] }) => firstAvailable.length > 0) ?? false

/** How good the alternatives are that were chosen of a claim's requests: the earlier, the more. */
function rankOf({ spec }: ResourceClaim, { devices }: AllocationResult): number {
  const chosen = new Set(devices.results?.map(({ request }) => request))
  let total = 0
  for (const { name, firstAvailable = [] } of spec.devices.requests ?? [])
    for (const [i, alternative] of firstAvailable.entries())
      if (chosen.has(`${name}/${alternative.name}`)) total += mostAlternatives - i
  return total
}

/** Whether what a claim has been given can be used on a node. */
function isAvailable({ status }: ResourceClaim, node: Node): boolean {
  const selector = status.allocation?.nodeSelector
  return !selector || selector.nodeSelectorTerms.some(term => termMatches(term, node))
}

/** Whether a claim may be the pod's own, or has given devices back. */
function mayFree(old: ResourceClaim | undefined, now: ResourceClaim | undefined, pod: Pod): boolean {
  if (old && !now?.status.allocation && (old.status.allocation || owningPod(old)?.uid === pod.metadata.uid)) return true
  return (
    now !== undefined &&
    now.metadata.namespace === pod.metadata.namespace &&
    claimNamesOf(pod).includes(now.metadata.name ?? '')
  )
}
