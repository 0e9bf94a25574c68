import { type Binding, Pod } from '../../api/core/v1/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { badRequest, conflict, notFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { jsonValue } from '../respond.js'
import type { ActionHandler } from './subresource.js'

/** pods/binding: gives a pod its node, once. */
export const bindPod: ActionHandler = async ({ context, info, registries, registry, body, write }) => {
  const binding = body as Binding
  const { target, metadata } = binding
  if (!target.name) throw badRequest('the binding has no target node')
  if (target.kind && target.kind !== 'Node') throw badRequest(`a pod is bound to a Node, not to a ${target.kind}`)
  const pods = registries.of(Pod)
  await pods.update(
    info.namespace,
    info.name,
    {
      retry: true,
      apply(current) {
        if (!current) throw notFound(registry.name, info.name)
        if (metadata.uid && metadata.uid !== current.metadata.uid)
          throw conflict(
            registry.name,
            info.name,
            `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${current.metadata.uid ?? ''}`,
          )
        if (current.metadata.deletionTimestamp)
          throw conflict(
            { group: '', plural: 'pods/binding' },
            info.name,
            `pod ${info.name} is being deleted, cannot be assigned to a host`,
          )
        if (current.spec.nodeName)
          throw conflict(
            { group: '', plural: 'pods/binding' },
            info.name,
            `pod ${info.name} is already assigned to node "${current.spec.nodeName}"`,
          )
        if (current.spec.schedulingGates?.length)
          throw conflict(
            { group: '', plural: 'pods/binding' },
            info.name,
            `pod ${info.name} has non-empty .spec.schedulingGates`,
          )
        return bound(current, binding, rfc3339(registry.host.clock.now()))
      },
      view: {
        type: 'view',
        name: 'binding',
        verbs: ['create'],
        prepareForUpdate: () => {},
      },
    },
    write,
  )
  return jsonValue(context.request, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  })
}

function bound(pod: Pod, { metadata, target }: Binding, now: string): Draft<Pod> {
  const conditions = (pod.status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled')
  const known = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')
  const scheduled =
    known?.status === 'True'
      ? known
      : { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }
  const { resourceVersion: _, ...kept } = pod.metadata
  return structuredClone({
    ...pod,
    metadata: {
      ...kept,
      ...(metadata.annotations ? { annotations: { ...kept.annotations, ...metadata.annotations } } : {}),
      ...(metadata.labels ? { labels: { ...kept.labels, ...metadata.labels } } : {}),
    },
    spec: { ...pod.spec, nodeName: target.name },
    status: { ...pod.status, conditions: [...conditions, scheduled] },
  }) as Draft<Pod>
}
