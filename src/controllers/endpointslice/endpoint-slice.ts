import { Node, type Pod, Service } from '../../api/core/v1/index.js'
import { EndpointSlice, type EndpointSliceInit } from '../../api/discovery/v1/index.js'
import {
  type Controller,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { controllerReference } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { isNotFound } from '../../machinery/status-error.js'
import { ChangeTimes, withChangeTime } from '../change-times.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import {
  type AddressFamily,
  familiesOf,
  headlessLabel,
  isHeadless,
  podsOfService,
  servicesOfPods,
} from '../service-pods.js'
import { desiredEndpoints, zoneOf } from './desired-endpoints.js'
import { pack } from './pack.js'

const serviceLabel = 'kubernetes.io/service-name'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const managedBy = 'endpointslice-controller.k8s.io'

/** This controller's slices, by `namespace/service`. */
const slicesByService = index(EndpointSlice, ({ metadata: { namespace, labels } }) =>
  labels?.[managedByLabel] === managedBy ? [`${namespace}/${labels[serviceLabel] ?? ''}`] : [],
)

/** EndpointSlice: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export function endpointSlices(): Controller {
  const changeTimes = new ChangeTimes()
  return controller({
    name: 'endpointslice',
    eventSource: 'endpoint-slice-controller',
    // Pods that become ready one after the other are told of together.
    pace: 100,
    watches: {
      for: Service,
      also: [
        servicesOfPods,
        watchAlso(EndpointSlice, (slice, old) => [...serviceOf(slice), ...(old ? serviceOf(old) : [])]),
        watchAlso(Node, (node, old, cache) =>
          zoneOf(node) === (old ? zoneOf(old) : undefined)
            ? []
            : cache.list(Service).map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name })),
        ),
      ],
    },
    async reconcile(key, context) {
      const service = context.get(Service, key)
      const id = `${key.namespace}/${key.name}`
      const slices = context.by(slicesByService, id)
      if (!service) changeTimes.forget(id)
      // Slices of a service that is gone are its dependents: collected like all of them.
      if (!service || service.metadata.deletionTimestamp) return undefined
      if (!service.spec.selector || service.spec.type === 'ExternalName') return undefined
      const pods = podsOfService(service, context)
      const families = familiesOf(service)
      const changedAt = changeTimes.since(id, service, pods)
      for (const slice of slices)
        if (!families.some(family => family === slice.addressType)) await removeSlice(slice, context)
      for (const family of families)
        await writeSlices(
          service,
          pods,
          family,
          slices.filter(({ addressType }) => addressType === family),
          changedAt,
          context,
        )
      return undefined
    },
  })
}

function serviceOf({ metadata: { namespace = '', labels } }: EndpointSlice): readonly Key[] {
  const name = labels?.[serviceLabel]
  return name && labels?.[managedByLabel] === managedBy ? [{ namespace, name }] : []
}

async function writeSlices(
  service: Service,
  pods: readonly Pod[],
  family: AddressFamily,
  slices: readonly EndpointSlice[],
  changedAt: string | undefined,
  context: ReconcileContext,
): Promise<void> {
  const { client } = context
  const groups = desiredEndpoints(service, pods, family, name => context.get(Node, { name }))
  const alive = slices.filter(({ metadata }) => !metadata.deletionTimestamp)
  const { create, update, keep, remove } = pack(groups, alive)
  const labels = sliceLabels(service)
  // New ones first: at no time are endpoints missing that were there before.
  try {
    await Promise.all(
      create.map(({ ports, endpoints }) =>
        client.create(EndpointSlice, newSlice(service, family, { labels, changedAt, ports, endpoints })),
      ),
    )
  } catch (error) {
    if (isNamespaceTerminating(error)) return
    throw error
  }
  const relabelled = keep.filter(({ metadata }) => !jsonEqual(metadata.labels, labels))
  const rewritten = [...update, ...relabelled.map(slice => ({ slice, endpoints: slice.endpoints ?? [] }))]
  await Promise.all(
    rewritten.map(({ slice, endpoints }) => {
      const { annotations, ...metadata } = slice.metadata
      return client.update(EndpointSlice, {
        ...slice,
        metadata: { ...metadata, labels, ...withChangeTime(annotations, changedAt) },
        endpoints,
      })
    }),
  )
  await Promise.all(remove.map(slice => removeSlice(slice, context)))
}

function newSlice(
  service: Service,
  addressType: AddressFamily,
  content: {
    readonly labels: Record<string, string>
    readonly changedAt: string | undefined
    readonly ports: EndpointSlice['ports']
    readonly endpoints: EndpointSlice['endpoints']
  },
): EndpointSliceInit {
  const { labels, changedAt, ports, endpoints } = content
  return {
    metadata: {
      namespace: service.metadata.namespace ?? '',
      generateName: `${service.metadata.name}-`,
      labels,
      ...withChangeTime(undefined, changedAt),
      ownerReferences: [controllerReference(Service, service)],
    },
    addressType,
    endpoints,
    ports,
  }
}

/** A service's own labels, and those by which its slices are found. */
function sliceLabels(service: Service): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {}
  return {
    ...labels,
    ...(isHeadless(service) ? { [headlessLabel]: '' } : {}),
    [serviceLabel]: service.metadata.name ?? '',
    [managedByLabel]: managedBy,
  }
}

async function removeSlice({ metadata }: EndpointSlice, { client }: ReconcileContext): Promise<void> {
  try {
    await client.delete(EndpointSlice, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
