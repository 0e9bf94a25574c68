import { type Binding, Pod } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { notSupported, required } from '../../machinery/field-errors.js'
import { badRequest, conflict, notFound, StatusError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { anotherObject } from '../registry/preconditions.js'
import { success } from '../respond.js'
import type { ActionHandler } from './subresource.js'

/** pods/binding, and bindings themselves: gives a pod its node, once. */
export const bindPod: ActionHandler = async ({ context, info, registries, body, write }) => {
  const binding = body as Binding
  const { target, metadata } = binding
  const name = info.name || (metadata.name ?? '')
  if (!name) throw badRequest('name must be provided')
  if (metadata.namespace && metadata.namespace !== info.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (metadata.name !== name) throw badRequest('name in URL does not match name in Binding object')
  for (const { field, message } of [
    ...(target.kind && target.kind !== 'Node' ? [notSupported('target.kind', target.kind, ['Node', '<empty>'])] : []),
    ...(target.name ? [] : [required('target.name')]),
  ])
    throw new StatusError(500, '', `${field}: ${message}`)
  const pods = registries.of(Pod)
  const refused = (why: string) => conflict({ group: '', plural: 'pods/binding' }, name, why)
  await pods.update(
    info.namespace,
    name,
    {
      retry: true,
      direct: true,
      apply(current) {
        if (!current) throw notFound(pods.name, name)
        for (const field of ['uid', 'resourceVersion'] as const) {
          const asked = metadata[field]
          if (asked && asked !== current.metadata[field])
            throw anotherObject(pods.name, '/registry/pods/', current.metadata, asked, field)
        }
        if (current.metadata.deletionTimestamp)
          throw refused(`pod ${name} is being deleted, cannot be assigned to a host`)
        if (current.spec.nodeName) throw refused(`pod ${name} is already assigned to node "${current.spec.nodeName}"`)
        if (current.spec.schedulingGates?.length) throw refused(`pod ${name} has non-empty .spec.schedulingGates`)
        return bound(current, binding, rfc3339(pods.host.clock.now()))
      },
    },
    write,
  )
  return success(context.request, 201)
}

/** The pod with its node. What stays as it is, is shared with the pod as it was: nobody changes it on the way to the store. */
function bound(pod: Pod, { metadata, target }: Binding, now: string): Draft<Pod> {
  const conditions = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
  const known = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
  const scheduled =
    known?.status === 'True'
      ? known
      : { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }
  const { resourceVersion: _, ...kept } = pod.metadata
  // The promise of a node has been kept, or is void.
  const { nominatedNodeName: __, ...status } = pod.status
  return {
    ...pod,
    metadata: {
      ...kept,
      ...(metadata.annotations ? { annotations: { ...kept.annotations, ...metadata.annotations } } : {}),
      ...(metadata.labels ? { labels: { ...kept.labels, ...metadata.labels } } : {}),
    },
    spec: { ...pod.spec, nodeName: target.name },
    status: { ...status, conditions: [...conditions, scheduled] },
  } as Draft<Pod>
}
