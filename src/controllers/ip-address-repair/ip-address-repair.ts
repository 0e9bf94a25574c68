import { Service } from '../../api/core/v1/index.js'
import { IPAddress, ServiceCIDR } from '../../api/networking/v1/index.js'
import { type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { canonicalIp, cidrContains, parseIp } from '../../machinery/ip-address.js'
import type { ApiObject } from '../../machinery/object.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import { allocatedAddress, networksOf } from '../service-cidr/networks.js'

/** Ms for which an address may exist before its service does: the longest time that a request takes. */
const beingMade = 60_000
const events = { eventSource: 'ipallocator-repair-controller', eventSeries: true }

const keyOf = (name = '', namespace = '') => ({ namespace, name })

/** The object that says which service has an address. */
function addressObject(address: string, family: 4 | 6, { namespace = '', name = '' }: ApiObject['metadata']) {
  return {
    metadata: {
      name: address,
      labels: {
        'ipaddress.kubernetes.io/ip-family': `IPv${family}`,
        'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io',
      },
    },
    spec: { parentRef: { resource: 'services', namespace, name } },
  }
}

const isOf = ({ spec: { parentRef } }: IPAddress, { namespace, name }: ApiObject['metadata']): boolean =>
  parentRef?.resource === 'services' && !parentRef.group && parentRef.namespace === namespace && parentRef.name === name

const has = ({ spec }: Service, address: string): boolean =>
  spec.clusterIPs?.some(text => canonicalIp(text) === address) ?? false

/** What the server has now, as caches of two kinds know of one write at different times. */
async function live<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Sees to it that each address of a service is written down as its own, whatever has been done by hand. */
const serviceAddresses: Controller = controller({
  name: 'service-ip-repair',
  ...events,
  watches: {
    for: Service,
    reads: [ServiceCIDR],
    also: [
      watchAlso(IPAddress, ({ spec: { parentRef } }) =>
        parentRef?.resource === 'services' ? [keyOf(parentRef.name, parentRef.namespace)] : [],
      ),
    ],
  },
  async reconcile(key, context) {
    const cached = context.get(Service, key)
    if (!cached) return undefined
    for (const text of cached.spec.clusterIPs ?? []) {
      if (text === 'None') continue
      const address = canonicalIp(text)
      const object = context.get(IPAddress, { name: address })
      if (object && isOf(object, cached.metadata) && allocatedAddress(object)) continue
      const service = await live(context.client.get(Service, key))
      if (service && has(service, address)) await repair(service, address, context)
    }
    return undefined
  },
})

async function repair(service: Service, address: string, { client, list, events }: ReconcileContext): Promise<void> {
  const warn = (reason: string, text: string) =>
    events.record(service, 'Warning', reason, text, { action: 'ClusterIPAllocation' })
  const parsed = parseIp(address)
  if (!parsed) return
  const title = `[IPv${parsed.family}]: ${address}`
  const { namespace, name } = service.metadata
  if (!list(ServiceCIDR).some(cidr => networksOf(cidr).some(network => cidrContains(network, parsed)))) {
    warn(
      'ClusterIPOutOfRange',
      `Cluster IP ${title} is not within any configured Service CIDR; please recreate service`,
    )
    return
  }
  const object = await live(client.get(IPAddress, { name: address }))
  if (object) {
    if (isOf(object, service.metadata) && allocatedAddress(object)) return
    const { parentRef } = object.spec
    if (parentRef?.resource === 'services' && !isOf(object, service.metadata)) {
      const other = await live(client.get(Service, keyOf(parentRef.name, parentRef.namespace)))
      if (other && has(other, address)) {
        warn(
          'ClusterIPAlreadyAllocated',
          `Cluster IP [IPv${parsed.family}]:${address} was assigned to multiple services; please recreate service`,
        )
        return
      }
    }
    warn(
      'ClusterIPNotAllocated',
      `the ClusterIP ${title} for Service ${namespace}/${name} has a wrong reference; repairing`,
    )
    await remove(object, client)
  } else warn('ClusterIPNotAllocated', `Cluster IP ${title} is not allocated; repairing`)
  await client.create(IPAddress, addressObject(address, parsed.family, service.metadata)).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}

async function remove({ metadata }: IPAddress, client: ReconcileContext['client']): Promise<void> {
  const { uid = '', resourceVersion = '' } = metadata
  await live(client.delete(IPAddress, metadata, { preconditions: { uid, resourceVersion } }))
}

/** Frees addresses that no service has any more. */
const addressOwners: Controller = controller({
  name: 'ip-address-repair',
  ...events,
  watches: {
    for: IPAddress,
    also: [
      watchAlso(Service, (service, old) =>
        [...(service.spec.clusterIPs ?? []), ...(old?.spec.clusterIPs ?? [])].map(text => keyOf(canonicalIp(text))),
      ),
    ],
  },
  async reconcile({ name }, { get, client, clock, events }) {
    const object = get(IPAddress, { name })
    if (!object || !allocatedAddress(object)) return undefined
    const { parentRef } = object.spec
    const warn = (reason: string, text: string) =>
      events.record(object, 'Warning', reason, text, { action: 'IPAddressAllocation' })
    if (parentRef?.resource !== 'services' || parentRef.group) {
      const { group = '', resource = '', namespace = '', name: owner = '' } = parentRef ?? {}
      const reference = `&{${group} ${resource} ${namespace} ${owner}}`
      warn(
        'IPAddressNotAllocated',
        `IPAddress ${name} appears to have been modified, not referencing a Service ${reference}: cleaning up`,
      )
      await remove(object, client)
      return undefined
    }
    const of = keyOf(parentRef.name, parentRef.namespace)
    const cached = get(Service, of)
    if (cached && has(cached, name)) return undefined
    // Its service may be about to be made, or given another address.
    const left = Date.parse(object.metadata.creationTimestamp ?? '') + beingMade - clock.now()
    if (left > 0) return { after: left }
    const service = await live(client.get(Service, of))
    if (service && has(service, name)) return undefined
    const owner = `${of.namespace}/${of.name}`
    if (service)
      warn('IPAddressWrongReference', `IPAddress: ${name} for Service ${owner} has a wrong reference; cleaning up`)
    else warn('IPAddressNotAllocated', `IPAddress: ${name} for Service ${owner} appears to have leaked: cleaning up`)
    await remove(object, client)
    return undefined
  },
})

/** What an API server does so that addresses of services, and the objects that say who has them, agree. */
export const ipAddressRepair: readonly Controller[] = [serviceAddresses, addressOwners]
