import type { Node } from '../../api/core/v1/index.js'
import { type AllocationResult, DeviceClass, ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { index } from '../../client/controller.js'
import { AssumedObjects } from '../assumed-objects.js'
import { listenTo } from '../listen-to.js'
import type { PluginHandle } from '../plugin-handle.js'
import { type DevicePool, isFor, poolOf } from './device-pools.js'
import { DevicesInUse } from './devices-in-use.js'

/** What is known of devices and claims for them, what has been decided but not been told by the server yet included. */
export interface DeviceState {
  readonly claims: AssumedObjects<ResourceClaim>
  /** Allocations that are about to be written, by the claim's uid. */
  readonly pending: Map<string, AllocationResult>
  deviceClass(name: string): DeviceClass | undefined
  /** The class whose devices stand for an extended resource: the newest of several. */
  classBehind(resource: string): DeviceClass | undefined
  /** Claims that were made for a pod. */
  claimsOwnedBy(uid: string): readonly ResourceClaim[]
  devicesInUse(): DevicesInUse
  /** All pools there are, with what they have for a node; ask it about many nodes. */
  poolLookup(): (node: Node) => readonly DevicePool[]
  /** Hears of changes of claims. Dispose of what is returned to end it. */
  onClaimChange(listener: () => void): Disposable
}

/** Slices that may have something for nodes other than one. */
const anyNode = ''
const slicesByNode = index(ResourceSlice, ({ spec }) => [spec.nodeName ?? anyNode])
const slicesByPool = index(ResourceSlice, slice => [poolKey(slice)])
const poolKey = ({ spec }: ResourceSlice): string => `${spec.driver}/${spec.pool.name}`

const classesByResource = index(DeviceClass, ({ metadata, spec }) => [
  `deviceclass.resource.kubernetes.io/${metadata.name}`,
  ...(spec.extendedResourceName ? [spec.extendedResourceName] : []),
])
const ageOf = ({ metadata }: DeviceClass): string => metadata.creationTimestamp ?? ''
const newestFirst = (a: DeviceClass, b: DeviceClass): number =>
  ageOf(a) === ageOf(b) ? ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1) : ageOf(a) < ageOf(b) ? 1 : -1

const states = new WeakMap<object, DeviceState>()

/** One for all profiles of a scheduler: what one has decided counts for the others. */
export function deviceState(informers: PluginHandle['informers']): DeviceState {
  let state = states.get(informers)
  if (!state) states.set(informers, (state = stateOf(informers)))
  return state
}

function stateOf(informers: PluginHandle['informers']): DeviceState {
  const [known, classes, slices] = [informers.of(ResourceClaim), informers.of(DeviceClass), informers.of(ResourceSlice)]
  const claims = new AssumedObjects(known)
  const pending = new Map<string, AllocationResult>()
  return {
    claims,
    pending,
    deviceClass: name => classes.get({ name }),
    classBehind: resource =>
      resource.includes('/') ? classes.by(classesByResource, resource).toSorted(newestFirst)[0] : undefined,
    claimsOwnedBy: uid => known.ownedBy(uid),
    devicesInUse() {
      const allocated = known
        .list()
        .filter(({ metadata }) => !pending.has(metadata.uid ?? ''))
        .flatMap(({ metadata }) => claims.get(metadata)?.status.allocation ?? [])
      return DevicesInUse.by([...allocated, ...pending.values()])
    },
    poolLookup() {
      const pools = new Map<string, DevicePool | undefined>()
      const poolNamed = (key: string) => {
        if (!pools.has(key)) pools.set(key, poolOf(slices.by(slicesByPool, key)))
        return pools.get(key)
      }
      return node => {
        const around = [...slices.by(slicesByNode, node.metadata.name ?? ''), ...slices.by(slicesByNode, anyNode)]
        const found = [...new Set(around.map(poolKey))].sort().flatMap(key => poolNamed(key) ?? [])
        return found.filter(({ devices }) => devices.some(device => isFor(node, device)))
      }
    },
    onClaimChange: listener => listenTo([known], listener),
  }
}
