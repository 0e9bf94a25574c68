import { Pod } from '../../api/core/v1/index.js'
import { ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { type Again, type Cache, type Controller, controller, index, watchAlso } from '../../client/controller.js'
import { keyOf } from '../../machinery/object.js'
import { evictPod } from '../evict-pod.js'
import { evictionTime } from './device-taints.js'

const reason = {
  reason: 'DeletionByDeviceTaintManager',
  message: 'Device Taint manager: deleting due to NoExecute taint',
}

/** Milliseconds. */
const recheck = 1000

const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`

const slicesOfPool = index(ResourceSlice, ({ spec }) => [poolKey(spec.driver, spec.pool.name)])
const claimsOfPool = index(ResourceClaim, ({ status }) =>
  (status.allocation?.devices.results ?? []).map(({ driver, pool }) => poolKey(driver, pool)),
)
/** The pods that a claim is reserved for, as far as they are known. */
const podsOf = ({ metadata: { namespace = '' }, status }: ResourceClaim, cache: Cache): Pod[] =>
  (status.reservedFor ?? []).flatMap(({ apiGroup, resource, name, uid }) => {
    const pod = !apiGroup && resource === 'pods' ? cache.get(Pod, { namespace, name }) : undefined
    return pod && pod.metadata.uid === uid && !pod.metadata.deletionTimestamp ? [pod] : []
  })

/**
 * Deletes pods whose devices have NoExecute taints that their claims do not tolerate, or not any longer. Each call makes a
 * controller of its own.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#device-taints-and-tolerations
 */
export function deviceTaintEviction(): Controller {
  /** Claims whose users' time is limited, by `namespace/name`. */
  const limited = new Set<string>()
  return controller({
    name: 'device-taint-eviction',
    eventSource: 'device-taint-eviction',
    watches: {
      for: ResourceClaim,
      reads: [Pod],
      also: [
        watchAlso(ResourceSlice, ({ spec }, _old, cache) =>
          cache
            .by(claimsOfPool, poolKey(spec.driver, spec.pool.name))
            .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name })),
        ),
      ],
    },
    async reconcile(key, context): Promise<Again | undefined> {
      const { clock, events } = context
      const name = keyOf(key)
      const claim = context.get(ResourceClaim, key)
      if (!claim?.status.reservedFor?.length) {
        limited.delete(name)
        return undefined
      }
      const users = podsOf(claim, context)
      const now = clock.now()
      const slicesOf = (driver: string, pool: string) => context.by(slicesOfPool, poolKey(driver, pool))
      const due = evictionTime(claim, slicesOf, now)
      if (due === Number.POSITIVE_INFINITY) {
        if (limited.delete(name))
          for (const pod of users) events.record(pod, 'Normal', 'DeviceTaintManagerEviction', 'Cancelling deletion')
        return undefined
      }
      limited.add(name)
      if (due > now) return { after: due - now }
      for (const pod of users) {
        events.record(pod, 'Normal', 'DeviceTaintManagerEviction', 'Marking for deletion')
        await evictPod(pod, reason, context)
      }
      // Until it is reserved for nobody any more, pods may be there that the cache does not know of yet.
      return { after: recheck }
    },
  })
}
