import { IPAddress, ServiceCIDR } from '../../api/networking/v1/index.js'
import { type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { rfc3339 } from '../../machinery/clock.js'
import { cidrContains } from '../../machinery/ip-address.js'
import { isNotFound } from '../../machinery/status-error.js'
import { allocatedAddress, canGo, networksOf, overlap } from './networks.js'

const finalizer = 'networking.k8s.io/service-cidr-finalizer'

/** Ms after the deletion for which allocators may not know of it, and still give addresses away. */
const gracePeriod = 10_000

const keyOf = ({ metadata }: ServiceCIDR) => ({ namespace: '', name: metadata.name ?? '' })

/**
 * Makes networks of services ready, and keeps those that are deleted until no service has an address of theirs alone.
 * https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/
 */
export const serviceCidrs: Controller = controller({
  name: 'service-cidr',
  eventSource: 'service-cidrs-controller',
  watches: {
    for: ServiceCIDR,
    also: [
      // One that comes or goes decides whether others can go.
      watchAlso(ServiceCIDR, (cidr, _old, cache) =>
        cache
          .list(ServiceCIDR)
          .filter(other => networksOf(other).some(one => networksOf(cidr).some(two => overlap(one, two))))
          .map(keyOf),
      ),
      watchAlso(IPAddress, (object, _old, cache) => {
        const address = allocatedAddress(object)
        if (!address) return []
        return cache
          .list(ServiceCIDR)
          .filter(cidr => cidr.metadata.deletionTimestamp && networksOf(cidr).some(one => cidrContains(one, address)))
          .map(keyOf)
      }),
    ],
  },
  async reconcile({ name }, context) {
    const { get, list, clock, events } = context
    const cidr = get(ServiceCIDR, { name })
    if (!cidr) return undefined
    const { finalizers = [], deletionTimestamp } = cidr.metadata
    const protectedNow = finalizers.includes(finalizer)
    if (deletionTimestamp) {
      if (!protectedNow) return undefined
      const others = list(ServiceCIDR).filter(other => other.metadata.name !== name)
      if (!canGo(cidr, others, () => list(IPAddress))) {
        await setReady(cidr, context, {
          status: 'False',
          reason: 'Terminating',
          message:
            'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
        })
        return undefined
      }
      const left = Date.parse(deletionTimestamp) + gracePeriod - clock.now()
      if (left > 0) return { after: left }
      await patch(context, name, { metadata: { '$deleteFromPrimitiveList/finalizers': [finalizer] } })
      return undefined
    }
    if (!protectedNow) await patch(context, name, { metadata: { finalizers: [finalizer] } })
    try {
      await setReady(cidr, context, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' })
    } catch (error) {
      if (isNotFound(error)) return undefined
      const text = 'The ServiceCIDR Status can not be set to Ready=True'
      events.record(cidr, 'Warning', 'KubernetesServiceCIDRError', text)
      throw error
    }
    return undefined
  },
})

/** Whoever is gone needs no change any more. */
async function patch({ client }: ReconcileContext, name: string, body: object): Promise<void> {
  try {
    await client.patch(ServiceCIDR, { name }, { type: 'strategic', body })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

async function setReady(
  { metadata, status }: ServiceCIDR,
  { client, clock }: ReconcileContext,
  wanted: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string },
): Promise<void> {
  const now = status.conditions?.find(({ type }) => type === 'Ready')
  if (now?.status === wanted.status && now.reason === wanted.reason && now.message === wanted.message) return
  const condition = { type: 'Ready', ...wanted, lastTransitionTime: rfc3339(clock.now()) }
  await client.patch(
    ServiceCIDR,
    metadata,
    {
      type: 'apply',
      force: true,
      body: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'ServiceCIDR',
        metadata: { name: metadata.name },
        status: { conditions: [condition] },
      },
    },
    { subresource: 'status', fieldManager: 'service-cidrs-controller' },
  )
}
