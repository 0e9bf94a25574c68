import { Endpoints, Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
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
import { pack } from '../endpointslice/pack.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import type { AddressFamily } from '../service-pods.js'
import { mirroredAnnotations, mirroredEndpoints } from './mirrored.js'

const serviceLabel = 'kubernetes.io/service-name'
const managedByLabel = 'endpointslice.kubernetes.io/managed-by'
const managedBy = 'endpointslicemirroring-controller.k8s.io'
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const families: readonly AddressFamily[] = ['IPv4', 'IPv6']

/** Mirrored slices, by `namespace/endpoints`. */
const slicesByEndpoints = index(EndpointSlice, ({ metadata: { namespace, labels } }) =>
  labels?.[managedByLabel] === managedBy ? [`${namespace}/${labels[serviceLabel] ?? ''}`] : [],
)

/** Slices for Endpoints written by hand: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#endpointslice-mirroring */
export const endpointSliceMirroring: Controller = controller({
  name: 'endpointslice-mirroring',
  eventSource: 'endpoint-slice-mirroring-controller',
  pace: 100,
  watches: {
    for: Endpoints,
    also: [
      watchAlso(Service, ({ metadata: { namespace = '', name = '' } }) => [{ namespace, name }]),
      watchAlso(EndpointSlice, (slice, old) => [...endpointsOf(slice), ...(old ? endpointsOf(old) : [])]),
    ],
  },
  async reconcile(key, context) {
    const endpoints = context.get(Endpoints, key)
    const slices = context.by(slicesByEndpoints, `${key.namespace}/${key.name}`)
    const service = context.get(Service, key)
    const source = endpoints && isMirrored(endpoints) && service && !service.spec.selector ? endpoints : undefined
    for (const family of families)
      await writeSlices(
        source,
        family,
        slices.filter(({ addressType }) => addressType === family),
        context,
      )
    return undefined
  },
})

const isMirrored = ({ metadata }: Endpoints): boolean =>
  metadata.labels?.[skipLabel] !== 'true' &&
  metadata.annotations?.[leaderAnnotation] === undefined &&
  metadata.deletionTimestamp === undefined

function endpointsOf({ metadata: { namespace = '', labels } }: EndpointSlice): readonly Key[] {
  const name = labels?.[serviceLabel]
  return name && labels?.[managedByLabel] === managedBy ? [{ namespace, name }] : []
}

async function writeSlices(
  source: Endpoints | undefined,
  addressType: AddressFamily,
  slices: readonly EndpointSlice[],
  context: ReconcileContext,
): Promise<void> {
  const { client } = context
  const alive = slices.filter(({ metadata }) => !metadata.deletionTimestamp)
  const groups = source ? mirroredEndpoints(source.subsets ?? [], addressType) : []
  const { create, update, keep, remove } = pack(groups, alive, { neverNone: false })
  if (source) {
    const { namespace = '', name = '', labels: own } = source.metadata
    const labels = { ...own, [serviceLabel]: name, [managedByLabel]: managedBy }
    const annotations = mirroredAnnotations(source)
    const metadata = { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }
    const ownerReferences = [controllerReference(Endpoints, source)]
    try {
      await Promise.all(
        create.map(({ ports, endpoints }) =>
          client.create(EndpointSlice, {
            metadata: { namespace, generateName: `${name}-`, ...metadata, ownerReferences },
            addressType,
            endpoints,
            ports,
          }),
        ),
      )
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      throw error
    }
    const differs = ({ metadata: held }: EndpointSlice) =>
      !jsonEqual(held.labels, labels) || !jsonEqual(held.annotations ?? {}, annotations)
    const rewritten = [...update, ...keep.filter(differs).map(slice => ({ slice, endpoints: slice.endpoints ?? [] }))]
    await Promise.all(
      rewritten.map(({ slice, endpoints }) => {
        const { annotations: _, ...kept } = slice.metadata
        return client.update(EndpointSlice, { ...slice, metadata: { ...kept, ...metadata }, endpoints })
      }),
    )
  }
  await Promise.all(remove.map(slice => removeSlice(slice, context)))
}

async function removeSlice({ metadata }: EndpointSlice, { client }: ReconcileContext): Promise<void> {
  try {
    await client.delete(EndpointSlice, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
