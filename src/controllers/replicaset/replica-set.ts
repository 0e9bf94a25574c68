import { ReplicaSet } from '../../api/apps/v1/index.js'
import { Pod, type PodInit } from '../../api/core/v1/index.js'
import {
  type Again,
  type Controller,
  controller,
  index,
  type ReconcileContext,
  watchAlso,
  watchOwned,
} from '../../client/controller.js'
import { controllerOf, controllerReference } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { type Selector, selectorFromObject } from '../../machinery/labels.js'
import { isNotFound } from '../../machinery/status-error.js'
import { claimsOf, settleClaims } from '../adoption.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { podActive, podReadyCondition } from '../pod-state.js'
import { slowStart } from '../slow-start.js'
import { inDeletionOrder } from './deletion-order.js'
import { observeReplicas, type ReplicaFailure, statusChanged } from './status.js'

/** Pods made or deleted in one run; the status in between tells how far it has come. */
const burst = 500

/** Pods without a controller, by namespace. */
const orphanPods = index(Pod, pod => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? '']))

/** ReplicaSet: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/ */
export const replicaSets: Controller = controller({
  name: 'replicaset',
  watches: {
    for: ReplicaSet,
    owns: [watchOwned(Pod, mattersToOwner)],
    also: [
      watchAlso(Pod, (pod, old, cache) => {
        if (controllerOf(pod) || (old && !controllerOf(old) && jsonEqual(pod.metadata.labels, old.metadata.labels)))
          return []
        return cache
          .list(ReplicaSet, { namespace: pod.metadata.namespace ?? '' })
          .filter(set => selectorFromObject(set.spec.selector).matches(pod.metadata.labels))
          .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }))
      }),
    ],
  },
  async reconcile(key, context) {
    const set = context.get(ReplicaSet, key)
    if (!set) return undefined
    const selector = selectorFromObject(set.spec.selector)
    const pods = await claimPods(set, selector, context)
    const failed = set.metadata.deletionTimestamp ? undefined : await reachReplicas(set, pods, context)
    const { status, nextAvailable } = observeReplicas(set, pods, failed?.failure, context.clock.now())
    if (statusChanged(set, status))
      await context.client.update(ReplicaSet, { ...set, status }, { subresource: 'status' })
    if (failed) throw failed.error
    return nextAvailable === undefined ? undefined : ({ after: nextAvailable } satisfies Again)
  },
})

/** What a pod's owner counts it by. */
function mattersToOwner(pod: Pod, old: Pod): boolean {
  const ready = podReadyCondition(pod)
  const wasReady = podReadyCondition(old)
  return (
    pod.status.phase !== old.status.phase ||
    ready?.status !== wasReady?.status ||
    ready?.lastTransitionTime !== wasReady?.lastTransitionTime ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    !jsonEqual(pod.metadata.labels, old.metadata.labels)
  )
}

async function claimPods(set: ReplicaSet, selector: Selector, context: ReconcileContext): Promise<readonly Pod[]> {
  const owned = context.ownedBy(Pod, set.metadata.uid ?? '')
  const orphans = context.by(orphanPods, set.metadata.namespace ?? '').filter(podActive)
  return settleClaims(context.client, Pod, ReplicaSet, set, claimsOf(set, selector, owned, orphans))
}

interface Failed {
  readonly failure: ReplicaFailure
  readonly error: unknown
}

/** Makes or deletes pods until there are as many as wanted, at most `burst` of them. */
async function reachReplicas(
  set: ReplicaSet,
  pods: readonly Pod[],
  context: ReconcileContext,
): Promise<Failed | undefined> {
  const active = pods.filter(podActive)
  const missing = (set.spec.replicas ?? 1) - active.length
  if (missing === 0) return undefined
  const error =
    missing > 0
      ? await createPods(set, Math.min(missing, burst), context)
      : await deletePods(set, active, Math.min(-missing, burst), context)
  if (error === undefined) return undefined
  const message = error instanceof Error ? error.message : String(error)
  return { failure: { reason: missing > 0 ? 'FailedCreate' : 'FailedDelete', message }, error }
}

async function createPods(set: ReplicaSet, count: number, { client, events }: ReconcileContext): Promise<unknown> {
  const pod = podFor(set)
  const { error } = await slowStart(count, async () => {
    try {
      const { metadata } = await client.create(Pod, pod)
      events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`)
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.record(set, 'Warning', 'FailedCreate', `Error creating: ${text(error)}`)
      throw error
    }
  })
  return isNamespaceTerminating(error) ? undefined : error
}

/** The pod a replica set makes, yet without a name. */
export function podFor(set: ReplicaSet): PodInit {
  const { metadata, spec } = set.spec.template
  const { labels, annotations, finalizers } = metadata ?? {}
  return {
    metadata: {
      namespace: set.metadata.namespace ?? '',
      generateName: `${set.metadata.name}-`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(ReplicaSet, set)],
    },
    spec,
  }
}

async function deletePods(
  set: ReplicaSet,
  active: readonly Pod[],
  count: number,
  context: ReconcileContext,
): Promise<unknown> {
  const { client, events, clock } = context
  const doomed =
    count < active.length ? inDeletionOrder(active, relatedPods(set, context), clock.now()).slice(0, count) : active
  const results = await Promise.allSettled(
    doomed.map(async ({ metadata }) => {
      try {
        await client.delete(Pod, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
        events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`)
      } catch (error) {
        if (isNotFound(error)) return
        events.record(set, 'Warning', 'FailedDelete', `Error deleting: ${text(error)}`)
        throw error
      }
    }),
  )
  for (const result of results) if (result.status === 'rejected') return result.reason
  return undefined
}

/** Active pods of all replica sets of the same controller: those of one application, across its revisions. */
function relatedPods(set: ReplicaSet, { ownedBy }: ReconcileContext): readonly Pod[] {
  const owner = controllerOf(set)
  const sets = owner ? ownedBy(ReplicaSet, owner.uid) : [set]
  return sets.flatMap(({ metadata }) => ownedBy(Pod, metadata.uid ?? '')).filter(podActive)
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error))
