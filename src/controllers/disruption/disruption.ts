import { Deployment, ReplicaSet, StatefulSet } from '../../api/apps/v1/index.js'
import { Pod, ReplicationController } from '../../api/core/v1/index.js'
import { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import {
  type Cache,
  type Controller,
  controller,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { answerOf, discover } from '../../client/discovery.js'
import { controllerOf, groupOf } from '../../client/owners.js'
import { rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { selectorFromObject } from '../../machinery/labels.js'
import type { OwnerReference } from '../../machinery/meta/index.js'
import { isNotFound } from '../../machinery/status-error.js'
import { budgetStatus, evictionTimeout, expectedOf, failedConditions, needsScale } from './budget.js'

/** A budget's size cannot be told. */
class ScaleError extends Error {}

/**
 * Says how many pods of each disruption budget may go, and takes evictions back that did not happen.
 * https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets
 */
export const disruption: Controller = controller({
  name: 'disruption',
  eventSource: 'controllermanager',
  watches: {
    for: PodDisruptionBudget,
    reads: [ReplicaSet, Deployment, ReplicationController, StatefulSet],
    also: [watchAlso(Pod, (pod, old, cache) => [...budgetsOf(pod, cache), ...(old ? budgetsOf(old, cache) : [])])],
  },
  async reconcile(key, context) {
    const budget = context.get(PodDisruptionBudget, key)
    if (!budget) return undefined
    const { client, clock, events } = context
    const now = clock.now()
    const selector = selectorFromObject(budget.spec.selector)
    const pods = context.list(Pod, { namespace: key.namespace, matches: labels => selector.matches(labels) })
    if (pods.length === 0) events.record(budget, 'Normal', 'NoPods', 'No matching pods found')
    const write = async (status: PodDisruptionBudget['status']) => {
      if (!jsonEqual(status, budget.status))
        await client.update(PodDisruptionBudget, { ...budget, status }, { subresource: 'status' })
    }
    try {
      const wanted = needsScale(budget) ? await wantedPods(pods, context) : 0
      await write(
        budgetStatus(
          budget,
          pods,
          expectedOf(budget, pods.length, () => wanted),
          now,
        ),
      )
    } catch (error) {
      if (!(error instanceof ScaleError)) throw error
      const why = error.message
      events.record(
        budget,
        'Warning',
        'CalculateExpectedPodCountFailed',
        `Failed to calculate the number of expected pods: ${why}`,
      )
      // Until it is known, nothing may go.
      await write({ ...budget.status, disruptionsAllowed: 0, conditions: failedConditions(budget, why, now) })
    }
    await forgetStale(pods, context)
    const waits = [
      ...Object.values(budget.status.disruptedPods ?? {}).map(time => Date.parse(time) + evictionTimeout - now),
      ...pods.flatMap(pod => staleAt(pod) ?? []).map(at => at - now),
    ].filter(wait => wait > 0)
    return waits.length > 0 ? { after: Math.min(...waits) } : undefined
  },
})

const budgetsOf = ({ metadata }: Pod, cache: Cache): Key[] =>
  cache
    .list(PodDisruptionBudget, { namespace: metadata.namespace ?? '' })
    .filter(({ spec }) => selectorFromObject(spec.selector).matches(metadata.labels ?? {}))
    .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }))

/** How many pods the controllers of these pods want in sum. Throws ScaleError. */
async function wantedPods(pods: readonly Pod[], context: ReconcileContext): Promise<number> {
  const sizes = new Map<string, number>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    // Nobody wants a number of those that nobody controls.
    if (!owner || sizes.has(owner.uid)) continue
    const namespace = pod.metadata.namespace ?? ''
    const found = await scaleOf(owner, namespace, context)
    sizes.set(found.uid, found.replicas)
    // All replica sets of one deployment count once.
    if (found.uid !== owner.uid) sizes.set(owner.uid, 0)
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}

interface Scale {
  readonly uid: string
  readonly replicas: number
}

async function scaleOf(owner: OwnerReference, namespace: string, context: ReconcileContext): Promise<Scale> {
  const ref = { namespace, name: owner.name }
  const { uid } = owner
  const group = groupOf(owner.apiVersion)
  if (group === 'apps' && owner.kind === 'ReplicaSet') {
    const set = context.get(ReplicaSet, ref)
    const above = set && controllerOf(set)
    const deployment = above?.kind === 'Deployment' && context.get(Deployment, { namespace, name: above.name })
    if (deployment) return { uid: deployment.metadata.uid ?? '', replicas: deployment.spec.replicas ?? 1 }
    if (set?.metadata.uid === uid) return { uid, replicas: set.spec.replicas ?? 1 }
  } else if (group === 'apps' && owner.kind === 'StatefulSet') {
    const set = context.get(StatefulSet, ref)
    if (set?.metadata.uid === uid) return { uid, replicas: set.spec.replicas ?? 1 }
  } else if (group === '' && owner.kind === 'ReplicationController') {
    const found = context.get(ReplicationController, ref)
    if (found?.metadata.uid === uid) return { uid, replicas: found.spec.replicas ?? 1 }
  } else return { uid, replicas: await askScale(owner, namespace, context) }
  // It has gone, and its pods will follow.
  return { uid, replicas: 0 }
}

/** Asks for the scale of an object of any kind. */
async function askScale(
  { apiVersion, kind, name }: OwnerReference,
  namespace: string,
  { client, signal }: ReconcileContext,
): Promise<number> {
  const { resources } = await discover(client, signal)
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const served = resources.find(
    ({ kind: { gvk } }) => gvk.group === group && gvk.version === version && gvk.kind === kind,
  )
  const unscaled = new ScaleError(`${kind}.${apiVersion} does not implement the scale subresource`)
  if (!served) throw unscaled
  const path = `${group ? `/apis/${apiVersion}` : `/api/${apiVersion}`}/namespaces/${namespace}/${served.kind.plural}/${name}/scale`
  const response = await client.request({ method: 'GET', path, headers: { accept: 'application/json' }, signal })
  if (response.status >= 400) throw unscaled
  const scale = (await answerOf(response)) as { readonly spec?: { readonly replicas?: number } } | undefined
  return scale?.spec?.replicas ?? 0
}

/** When, in ms, a pod that was to be evicted counts as not disrupted after all; undefined if it is not to be. */
function staleAt({ metadata, status }: Pod): number | undefined {
  const condition = status.conditions?.find(({ type }) => type === 'DisruptionTarget')
  if (
    condition?.status !== 'True' ||
    metadata.deletionTimestamp ||
    status.phase === 'Failed' ||
    status.phase === 'Succeeded'
  )
    return undefined
  return Date.parse(condition.lastTransitionTime ?? '') + evictionTimeout
}

/** Takes back what was said of pods that are still there long after. */
async function forgetStale(pods: readonly Pod[], { client, clock }: ReconcileContext): Promise<void> {
  const now = clock.now()
  for (const pod of pods) {
    const at = staleAt(pod)
    if (at === undefined || at > now) continue
    const condition = { type: 'DisruptionTarget', status: 'False', lastTransitionTime: rfc3339(now) }
    const body = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } }
    try {
      await client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status' })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
