import { Pod } from '../../api/core/v1/index.js'
import { ResourceClaim, ResourceSlice } from '../../api/resource/v1/index.js'
import { type Again, type Controller, controller, index, type Key, watchAlso } from '../../client/controller.js'
import { keyOf } from '../../machinery/object.js'
import { evictPod } from '../evict-pod.js'
import { evictionTime } from './device-taints.js'

const reason = {
  reason: 'DeletionByDeviceTaintManager',
  message: 'Device Taint manager: deleting due to NoExecute taint',
}

const poolKey = (driver: string, pool: string): string => `${driver}/${pool}`

const slicesOfPool = index(ResourceSlice, ({ spec }) => [poolKey(spec.driver, spec.pool.name)])
const claimsOfPool = index(ResourceClaim, ({ status }) =>
  (status.allocation?.devices.results ?? []).map(({ driver, pool }) => poolKey(driver, pool)),
)
const claimsOfPod = index(ResourceClaim, ({ status }) => (status.reservedFor ?? []).map(({ uid }) => uid))

/** The pods that a claim is reserved for. */
const podsOf = ({ metadata: { namespace = '' }, status }: ResourceClaim): Key[] =>
  (status.reservedFor ?? []).flatMap(({ apiGroup, resource, name }) =>
    !apiGroup && resource === 'pods' ? [{ namespace, name }] : [],
  )

/**
 * Deletes pods whose devices have NoExecute taints that their claims do not tolerate, or not any longer. Each call makes a
 * controller of its own.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#device-taints-and-tolerations
 */
export function deviceTaintEviction(): Controller {
  /** Uids of pods whose time is limited, by `namespace/name`. */
  const limited = new Map<string, string>()
  return controller({
    name: 'device-taint-eviction',
    eventSource: 'device-taint-eviction',
    watches: {
      for: Pod,
      also: [
        watchAlso(ResourceClaim, claim => podsOf(claim)),
        watchAlso(ResourceSlice, ({ spec }, _old, cache) =>
          cache.by(claimsOfPool, poolKey(spec.driver, spec.pool.name)).flatMap(podsOf),
        ),
      ],
    },
    async reconcile(key, context): Promise<Again | undefined> {
      const name = keyOf(key)
      const before = limited.get(name)
      limited.delete(name)
      const pod = context.get(Pod, key)
      if (!pod || pod.metadata.deletionTimestamp) return undefined
      const { uid = '' } = pod.metadata
      const now = context.clock.now()
      const slicesOf = (driver: string, pool: string) => context.by(slicesOfPool, poolKey(driver, pool))
      const due = Math.min(...context.by(claimsOfPod, uid).map(claim => evictionTime(claim, slicesOf, now)))
      if (due === Number.POSITIVE_INFINITY) {
        if (before === uid) context.events.record(pod, 'Normal', 'DeviceTaintManagerEviction', 'Cancelling deletion')
        return undefined
      }
      limited.set(name, uid)
      if (due > now) return { after: due - now }
      context.events.record(pod, 'Normal', 'DeviceTaintManagerEviction', 'Marking for deletion')
      await evictPod(pod, reason, context)
      limited.delete(name)
      return undefined
    },
  })
}
