import { ReplicaSet, type ReplicaSetStatus } from '../../api/apps/v1/index.js'
import { Pod, type PodInit, ReplicationController } from '../../api/core/v1/index.js'
import {
  type Again,
  type AnyKind,
  type Controller,
  controller,
  index,
  type ReconcileContext,
  watchAlso,
  watchOwned,
} from '../../client/controller.js'
import { controllerOf, controllerReference } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import type { ApiObject } from '../../machinery/object.js'
import { isNotFound } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import { claimsOf, settleClaims } from '../adoption.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { countsDifferently, podActive } from '../pod-state.js'
import { slowStart } from '../slow-start.js'
import { inDeletionOrder } from './deletion-order.js'
import { observeReplicas, type ReplicaFailure } from './status.js'

/** Pods made or deleted in one run; the status in between tells how far it has come. */
const burst = 500

/** Pods without a controller, by namespace. */
const orphanPods = index(Pod, pod => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? '']))

/** A kind that keeps a number of pods running. */
interface ReplicaKind<T extends ApiObject, I> {
  readonly name: string
  readonly kind: Kind<T, I>
  /** The object as a replica set, with its own metadata and status. */
  readonly view: (object: T) => ReplicaSet
  /** The status of a replica set as the object has it. */
  readonly status: (status: ReplicaSetStatus) => object
}

/** ReplicaSet: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/ */
export const replicaSets: Controller = replicas({
  name: 'replicaset',
  kind: ReplicaSet,
  view: set => set,
  status: status => status,
})

/** ReplicationController: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/ */
export const replicationControllers: Controller = replicas({
  name: 'replicationcontroller',
  kind: ReplicationController,
  view({ spec, ...rest }) {
    const { selector = {}, template, replicas = 1, minReadySeconds = 0 } = spec
    // Validation lets none be without a template.
    const made = template ?? { metadata: {}, spec: { containers: [] } }
    return { ...rest, spec: { replicas, minReadySeconds, selector: { matchLabels: selector }, template: made } }
  },
  status: ({ terminatingReplicas: _, ...status }) => status,
})

function replicas<T extends ApiObject, I>({ name, kind, view, status: ownStatus }: ReplicaKind<T, I>): Controller {
  return controller({
    name,
    watches: {
      for: kind as unknown as AnyKind,
      owns: [watchOwned(Pod, countsDifferently)],
      also: [
        watchAlso(Pod, (pod, old, cache) => {
          if (controllerOf(pod) || (old && !controllerOf(old) && jsonEqual(pod.metadata.labels, old.metadata.labels)))
            return []
          return cache
            .list(kind, { namespace: pod.metadata.namespace ?? '' })
            .filter(object => selectorFromObject(view(object).spec.selector).matches(pod.metadata.labels))
            .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }))
        }),
      ],
    },
    async reconcile(key, context) {
      const object = context.get(kind, key)
      if (!object) return undefined
      const set = view(object)
      const selector = selectorFromObject(set.spec.selector)
      const owned = context.ownedBy(Pod, object.metadata.uid ?? '')
      const orphans = context.by(orphanPods, object.metadata.namespace ?? '').filter(podActive)
      const claims = claimsOf(object, selector, owned, orphans)
      const pods = await settleClaims(context.client, Pod, kind, object, claims)
      const failed = object.metadata.deletionTimestamp
        ? undefined
        : await reachReplicas(kind as unknown as AnyKind, set, pods, context)
      const { status, nextAvailable } = observeReplicas(set, pods, failed?.failure, context.clock.now())
      const shown = ownStatus(status)
      if (!jsonEqual((object as { readonly status?: object }).status, shown))
        await context.client.update(kind, { ...object, status: shown } as unknown as I, { subresource: 'status' })
      if (failed) throw failed.error
      return nextAvailable === undefined ? undefined : ({ after: nextAvailable } satisfies Again)
    },
  })
}

interface Failed {
  readonly failure: ReplicaFailure
  readonly error: unknown
}

/** Makes or deletes pods until there are as many as wanted, at most `burst` of them. */
async function reachReplicas(
  kind: AnyKind,
  set: ReplicaSet,
  pods: readonly Pod[],
  context: ReconcileContext,
): Promise<Failed | undefined> {
  const active = pods.filter(podActive)
  const missing = (set.spec.replicas ?? 1) - active.length
  if (missing === 0) return undefined
  const error =
    missing > 0
      ? await createPods(kind, set, Math.min(missing, burst), context)
      : await deletePods(kind, set, active, Math.min(-missing, burst), context)
  if (error === undefined) return undefined
  const message = messageOf(error)
  return { failure: { reason: missing > 0 ? 'FailedCreate' : 'FailedDelete', message }, error }
}

async function createPods(
  kind: AnyKind,
  set: ReplicaSet,
  count: number,
  { client, events }: ReconcileContext,
): Promise<unknown> {
  const pod = podFor(kind, set)
  const { error } = await slowStart(count, async () => {
    try {
      const { metadata } = await client.create(Pod, pod)
      events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`)
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.record(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  })
  return isNamespaceTerminating(error) ? undefined : error
}

/** The pod that is made for a replica set, yet without a name. */
function podFor(kind: AnyKind, set: ReplicaSet): PodInit {
  const { metadata, spec } = set.spec.template
  const { labels, annotations, finalizers } = metadata ?? {}
  return {
    metadata: {
      namespace: set.metadata.namespace ?? '',
      generateName: `${set.metadata.name}-`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(kind, set)],
    },
    spec,
  }
}

async function deletePods(
  kind: AnyKind,
  set: ReplicaSet,
  active: readonly Pod[],
  count: number,
  context: ReconcileContext,
): Promise<unknown> {
  const { client, events, clock } = context
  const doomed =
    count < active.length
      ? inDeletionOrder(active, relatedPods(kind, set, context), clock.now()).slice(0, count)
      : active
  const results = await Promise.allSettled(
    doomed.map(async ({ metadata }) => {
      try {
        await client.delete(Pod, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
        events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`)
      } catch (error) {
        if (isNotFound(error)) return
        events.record(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
        throw error
      }
    }),
  )
  for (const result of results) if (result.status === 'rejected') return result.reason
  return undefined
}

/** Active pods of all replica sets of the same controller: those of one application, across its revisions. */
function relatedPods(kind: AnyKind, set: ReplicaSet, { ownedBy }: ReconcileContext): readonly Pod[] {
  const owner = controllerOf(set)
  const sets = owner ? ownedBy(kind, owner.uid) : [set]
  return sets.flatMap(({ metadata }) => ownedBy(Pod, metadata.uid ?? '')).filter(podActive)
}
