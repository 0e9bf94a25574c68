import { type EndpointSubset, Endpoints, Pod, Service } from '../../api/core/v1/index.js'
import { type Controller, controller, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { messageOf } from '../../machinery/message-of.js'
import { isAlreadyExists, isConflict, isNotFound } from '../../machinery/status-error.js'
import { ChangeTimes, withChangeTime } from '../change-times.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { headlessLabel, isHeadless, podsOfService, servicesOfPods } from '../service-pods.js'
import { capacity, count, subsetsOf, truncated } from './subsets.js'

const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const managedBy = 'endpoint-controller'
const overCapacity = 'endpoints.kubernetes.io/over-capacity'
/** Old leader elections kept their lock in an Endpoints object: it belongs to no service. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'

/** Endpoints, the older sibling of EndpointSlices: https://kubernetes.io/docs/concepts/services-networking/service/#endpoints */
export function endpoints(): Controller {
  const changeTimes = new ChangeTimes()
  return controller({
    name: 'endpoint',
    pace: 100,
    watches: {
      for: Service,
      also: [
        servicesOfPods,
        watchAlso(Endpoints, ({ metadata: { namespace = '', name = '', labels } }) =>
          labels?.[managedByLabel] === managedBy ? [{ namespace, name }] : [],
        ),
      ],
      reads: [Pod],
    },
    async reconcile(key, context) {
      const id = `${key.namespace}/${key.name}`
      const service = context.get(Service, key)
      const found = context.get(Endpoints, key)
      if (!service) {
        changeTimes.forget(id)
        if (found && !found.metadata.annotations?.[leaderAnnotation]) await removeEndpoints(found, context)
        return undefined
      }
      if (!service.spec.selector || service.metadata.deletionTimestamp) return undefined
      const pods = podsOfService(service, context)
      const all = subsetsOf(service, pods)
      const tooMany = count(all, 'addresses') + count(all, 'notReadyAddresses') > capacity
      await write(
        service,
        found,
        tooMany ? truncated(all) : all,
        tooMany,
        changeTimes.since(id, service, pods),
        context,
      )
      return undefined
    },
  })
}

async function write(
  service: Service,
  found: Endpoints | undefined,
  subsets: readonly EndpointSubset[],
  tooMany: boolean,
  changedAt: string | undefined,
  { client, events }: ReconcileContext,
): Promise<void> {
  const { [headlessLabel]: _, ...own } = service.metadata.labels ?? {}
  const labels = { ...own, ...(isHeadless(service) ? { [headlessLabel]: '' } : {}), [managedByLabel]: managedBy }
  const { [overCapacity]: wasTooMany, ...others } = found?.metadata.annotations ?? {}
  const same =
    found !== undefined &&
    jsonEqual(found.subsets ?? [], subsets) &&
    jsonEqual(found.metadata.labels, labels) &&
    tooMany === (wasTooMany !== undefined)
  if (same) return
  const annotations = { ...others, ...(tooMany ? { [overCapacity]: 'truncated' } : {}) }
  const {
    subsets: _old,
    metadata,
    ...kept
  } = found ?? {
    metadata: { namespace: service.metadata.namespace ?? '', name: service.metadata.name ?? '' },
  }
  const { annotations: _before, ...withoutAnnotations } = metadata
  const next = {
    ...kept,
    metadata: { ...withoutAnnotations, labels, ...withChangeTime(annotations, changedAt) },
    ...(subsets.length > 0 ? { subsets } : {}),
  }
  try {
    await (found ? client.update(Endpoints, next) : client.create(Endpoints, next))
  } catch (error) {
    if (isNamespaceTerminating(error)) return
    if (isAlreadyExists(error) || isConflict(error)) throw error
    const text = messageOf(error)
    const about = `${service.metadata.namespace}/${service.metadata.name}`
    if (found) events.record(found, 'Warning', 'FailedToUpdateEndpoint', `Failed to update endpoint ${about}: ${text}`)
    else
      events.record(
        service,
        'Warning',
        'FailedToCreateEndpoint',
        `Failed to create endpoint for service ${about}: ${text}`,
      )
    throw error
  }
}

async function removeEndpoints({ metadata }: Endpoints, { client }: ReconcileContext): Promise<void> {
  try {
    await client.delete(Endpoints, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
