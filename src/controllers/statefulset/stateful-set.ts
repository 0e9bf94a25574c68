import { ControllerRevision, StatefulSet } from '../../api/apps/v1/index.js'
import { PersistentVolumeClaim, Pod, type PodTemplateSpec } from '../../api/core/v1/index.js'
import {
  type Again,
  type Controller,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
  watchOwned,
} from '../../client/controller.js'
import { controllerOf } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { type Selector, selectorFromObject } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import { claimsOf, settleClaims } from '../adoption.js'
import {
  deleteRevisions,
  type History,
  ownersOfOrphanRevisions,
  settleHistory,
} from '../controller-revisions/controller-revisions.js'
import { revisionTemplate, surplusRevisions } from '../controller-revisions/revision-plan.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { countsDifferently, podFinished } from '../pod-state.js'
import { slowStart } from '../slow-start.js'
import { claimsGo, createClaims, settleClaimOwners, waitsForClaims } from './claims.js'
import { identityLabels, inRange, isClaimOf, ordinalOf, podName, podRevision, statefulPod } from './identity.js'
import { type Observed, planStatefulSet, type StatefulPlan } from './plan.js'
import { observeStatefulSet } from './status.js'

/** By which revisions tell their hash; pods are labelled with a revision's whole name. */
const hashLabel = 'controller.kubernetes.io/hash'

const orphanPods = index(Pod, pod => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? '']))

/** StatefulSet: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ */
export const statefulSets: Controller = controller({
  name: 'statefulset',
  watches: {
    for: StatefulSet,
    owns: [watchOwned(Pod, countsDifferently), ControllerRevision],
    also: [
      watchAlso(Pod, (pod, _old, cache) =>
        controllerOf(pod)
          ? []
          : cache
              .list(StatefulSet, { namespace: pod.metadata.namespace ?? '' })
              .filter(set => ordinalOf(set, pod) !== undefined && selectorOf(set).matches(pod.metadata.labels))
              .map(keyOfSet),
      ),
      // A pod may wait for a claim to be gone, or need a new one.
      watchAlso(PersistentVolumeClaim, (claim, _old, cache) =>
        cache.get(PersistentVolumeClaim, claim.metadata)
          ? []
          : cache
              .list(StatefulSet, { namespace: claim.metadata.namespace ?? '' })
              .filter(set => isClaimOf(set, claim))
              .map(keyOfSet),
      ),
      ownersOfOrphanRevisions(StatefulSet),
    ],
  },
  async reconcile(key, context) {
    const set = context.get(StatefulSet, key)
    if (!set) return undefined
    const selector = selectorOf(set)
    if (selector.empty) return undefined
    if (set.metadata.deletionTimestamp) return watchOnly(set, context)
    const history = await settleHistory(StatefulSet, set, hashLabel, context)
    const pods = await claimPods(set, selector, context)
    const before = history.others.find(({ metadata }) => metadata.name === set.status.currentRevision)
    const current = before ?? history.current
    const observed: Observed = {
      set,
      pods,
      currentRevision: current.metadata.name ?? '',
      updateRevision: history.current.metadata.name ?? '',
      now: context.clock.now(),
    }
    const error = await reach(observed, revisionTemplate(current) ?? set.spec.template, context)
    const again = await writeStatus(observed, history.collisionCount ?? 0, context)
    if (error !== undefined) throw error
    await truncate(observed, history, context)
    return again
  },
})

/** A set on its way out changes nothing any more but its status: what it made would have to be collected again. */
function watchOnly(set: StatefulSet, context: ReconcileContext): Promise<Again | undefined> {
  const { currentRevision = '', updateRevision = '', collisionCount = 0 } = set.status
  const pods = context.ownedBy(Pod, set.metadata.uid ?? '')
  const observed = { set, pods, currentRevision, updateRevision, now: context.clock.now() }
  return writeStatus(observed, collisionCount, context)
}

async function writeStatus(
  observed: Observed,
  collisionCount: number,
  { client }: ReconcileContext,
): Promise<Again | undefined> {
  const { set } = observed
  const { status, nextAvailable } = observeStatefulSet(observed, collisionCount)
  if (!jsonEqual(set.status, status)) await client.update(StatefulSet, { ...set, status }, { subresource: 'status' })
  return nextAvailable === undefined ? undefined : { after: nextAvailable }
}

const selectorOf = ({ spec }: StatefulSet): Selector => selectorFromObject(spec.selector)

const keyOfSet = ({ metadata: { namespace = '', name = '' } }: StatefulSet): Key => ({ namespace, name })

/** A set takes up pods that have its name before their number, and lets go of others. */
function claimPods(set: StatefulSet, selector: Selector, context: ReconcileContext): Promise<readonly Pod[]> {
  const owned = context.ownedBy(Pod, set.metadata.uid ?? '')
  const orphans = context.by(orphanPods, set.metadata.namespace ?? '').filter(pod => ordinalOf(set, pod) !== undefined)
  return settleClaims(context.client, Pod, StatefulSet, set, claimsOf(set, selector, owned, orphans))
}

/** Does what the plan says; returns the first error. */
async function reach(
  observed: Observed,
  currentTemplate: PodTemplateSpec,
  context: ReconcileContext,
): Promise<unknown> {
  const plan = planStatefulSet(observed)
  try {
    await settleClaimOwners(observed.set, observed.pods, context)
    await completeClaims(observed, context)
    await createPods(observed, plan, currentTemplate, context)
    for (const { pod, ordinal } of plan.relabel) await relabel(observed.set, pod, ordinal, context)
    await removePods(observed.set, plan.remove, context)
  } catch (error) {
    return isNamespaceTerminating(error) ? undefined : (error ?? new Error('unknown'))
  }
  return undefined
}

/** Pods that wait to be run have the claims made anew that they lost, once those are gone. */
async function completeClaims({ set, pods }: Observed, context: ReconcileContext): Promise<void> {
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal === undefined || !inRange(set, ordinal) || claimsGo(set, ordinal, context)) continue
    if (pod.status.phase === 'Pending' && !pod.metadata.deletionTimestamp) await createClaims(set, ordinal, context)
  }
}

async function createPods(
  { set, updateRevision }: Observed,
  plan: StatefulPlan,
  currentTemplate: PodTemplateSpec,
  context: ReconcileContext,
): Promise<void> {
  const { client, events } = context
  const possible = plan.create.filter(({ ordinal }) => !waitsForClaims(set, ordinal, context))
  const { error } = await slowStart(possible.length, async i => {
    const wanted = possible[i]
    if (!wanted) return
    const { ordinal, revision } = wanted
    const template = revision === updateRevision ? set.spec.template : currentTemplate
    const what = `create Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name}`
    try {
      await createClaims(set, ordinal, context)
      await client.create(Pod, statefulPod(set, ordinal, template, revision))
      events.record(set, 'Normal', 'SuccessfulCreate', `${what} successful`)
    } catch (error) {
      if (!isNamespaceTerminating(error) && !isAlreadyExists(error))
        events.record(set, 'Warning', 'FailedCreate', `${what} failed error: ${messageOf(error)}`)
      throw error
    }
  })
  if (error !== undefined) throw error
}

async function relabel(set: StatefulSet, pod: Pod, ordinal: number, context: ReconcileContext): Promise<void> {
  const { client, events } = context
  const what = `update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`
  const labels = { ...pod.metadata.labels, ...identityLabels(set, ordinal) }
  try {
    await client.update(Pod, { ...pod, metadata: { ...pod.metadata, labels } })
    events.record(set, 'Normal', 'SuccessfulUpdate', `${what} successful`)
  } catch (error) {
    events.record(set, 'Warning', 'FailedUpdate', `${what} failed error: ${messageOf(error)}`)
    throw error
  }
}

async function removePods(set: StatefulSet, pods: readonly Pod[], context: ReconcileContext): Promise<void> {
  const { client, events } = context
  const { namespace, name } = set.metadata
  const results = await Promise.allSettled(
    pods.map(async pod => {
      const { metadata, status } = pod
      if (podFinished(pod)) {
        const [reason, how] =
          status.phase === 'Failed' ? ['RecreatingFailedPod', 'failed'] : ['RecreatingTerminatedPod', 'terminated']
        events.record(
          set,
          'Warning',
          reason,
          `StatefulSet ${namespace}/${name} is recreating ${how} Pod ${metadata.name}`,
        )
      }
      const what = `delete Pod ${metadata.name} in StatefulSet ${name}`
      try {
        await client.delete(Pod, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
        events.record(set, 'Normal', 'SuccessfulDelete', `${what} successful`)
      } catch (error) {
        if (isNotFound(error)) return
        events.record(set, 'Warning', 'FailedDelete', `${what} failed error: ${messageOf(error)}`)
        throw error
      }
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Forgets the oldest revisions that no pod is made of. */
async function truncate({ set, pods, currentRevision }: Observed, history: History, context: ReconcileContext) {
  const used = new Set([currentRevision, ...pods.map(podRevision)])
  const unused = history.others.filter(({ metadata }) => !used.has(metadata.name ?? ''))
  await deleteRevisions(surplusRevisions(set, unused), context)
}
