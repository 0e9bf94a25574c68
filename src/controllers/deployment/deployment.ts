import { Deployment, type DeploymentStatus, ReplicaSet } from '../../api/apps/v1/index.js'
import { Pod } from '../../api/core/v1/index.js'
import {
  type Again,
  type Controller,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { controllerOf, refersToKind } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { type Selector, selectorFromObject } from '../../machinery/labels.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import { claimsOf, settleClaims } from '../adoption.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { podFinished } from '../pod-state.js'
import {
  type Conditions,
  conditionOf,
  isComplete,
  pausedCondition,
  progressDeadline,
  untilDeadline,
  withCondition,
} from './conditions.js'
import { outdated, type Plan, planOf, revisionsOf } from './plan.js'
import { sameTemplate } from './pod-template.js'
import { revisionAnnotation } from './revision.js'
import { type Revisions, specReplicas } from './scaling.js'
import { countedStatus, rolloutStatus } from './status.js'

/** Replica sets without a controller, by namespace. */
const orphanSets = index(ReplicaSet, set => (controllerOf(set) ? [] : [set.metadata.namespace ?? '']))

/** Deployment: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ */
export const deployments: Controller = controller({
  name: 'deployment',
  watches: {
    for: Deployment,
    owns: [ReplicaSet],
    also: [
      watchAlso(ReplicaSet, (set, _old, cache) =>
        controllerOf(set)
          ? []
          : cache
              .list(Deployment, { namespace: set.metadata.namespace ?? '' })
              .filter(({ spec }) => selectorFromObject(spec.selector).matches(set.metadata.labels))
              .map(keyOfDeployment),
      ),
      // Recreate waits for the last of the old pods to be gone.
      watchAlso(Pod, (pod, _old, cache) => {
        const owner = controllerOf(pod)
        const { namespace = '' } = pod.metadata
        if (!owner || !refersToKind(owner, ReplicaSet) || cache.get(Pod, pod.metadata)) return []
        const set = cache.get(ReplicaSet, { namespace, name: owner.name })
        const above = set && controllerOf(set)
        const deployment = above && cache.get(Deployment, { namespace, name: above.name })
        return deployment?.spec.strategy?.type === 'Recreate' ? [keyOfDeployment(deployment)] : []
      }),
    ],
  },
  async reconcile(key, context) {
    const deployment = context.get(Deployment, key)
    if (!deployment) return undefined
    const selector = selectorFromObject(deployment.spec.selector)
    if (selector.empty) return refuse(deployment, context)
    const sets = await claimSets(deployment, selector, context)
    const revisions = revisionsOf(deployment, sets)
    return carryOut(deployment, revisions, planOf(deployment, revisions, podsRunning(revisions, context)), context)
  },
})

const keyOfDeployment = ({ metadata: { namespace = '', name = '' } }: Deployment): Key => ({ namespace, name })

async function refuse(deployment: Deployment, { client, events }: ReconcileContext): Promise<undefined> {
  const message = 'This deployment is selecting all pods. A non-empty selector is required.'
  events.record(deployment, 'Warning', 'SelectingAll', message)
  const { generation = 0 } = deployment.metadata
  if ((deployment.status.observedGeneration ?? 0) >= generation) return
  const status = { ...deployment.status, observedGeneration: generation }
  await client.update(Deployment, { ...deployment, status }, { subresource: 'status' })
}

function claimSets(
  deployment: Deployment,
  selector: Selector,
  context: ReconcileContext,
): Promise<readonly ReplicaSet[]> {
  const owned = context.ownedBy(ReplicaSet, deployment.metadata.uid ?? '')
  const orphans = context.by(orphanSets, deployment.metadata.namespace ?? '')
  return settleClaims(
    context.client,
    ReplicaSet,
    Deployment,
    deployment,
    claimsOf(deployment, selector, owned, orphans),
  )
}

const podsRunning = ({ old }: Revisions, { ownedBy }: ReconcileContext): boolean =>
  old.some(({ metadata }) => ownedBy(Pod, metadata.uid ?? '').some(pod => !podFinished(pod)))

/** Writes what the plan says, then the status that comes of it. */
async function carryOut(
  deployment: Deployment,
  found: Revisions,
  plan: Plan,
  context: ReconcileContext,
): Promise<Again | undefined> {
  const { client, clock } = context
  const now = clock.now()
  let conditions = pausedCondition(deployment, deployment.status.conditions ?? [], now)
  let revisions = found
  if (plan.create) {
    const made = await createSet(deployment, plan.create, conditions, context)
    if (!made) return undefined
    conditions = made.conditions
    revisions = { ...found, newest: made.set }
  } else if (found.newest && !deployment.metadata.deletionTimestamp && !conditionOf(conditions, 'Progressing')) {
    if (progressDeadline(deployment) !== undefined)
      conditions = progressing(
        conditions,
        'FoundNewReplicaSet',
        `Found new replica set "${found.newest.metadata.name}"`,
        now,
      )
  }
  for (const { from, to } of plan.updates) {
    const written = await client.update(ReplicaSet, to)
    revisions = replaced(revisions, from, written)
    if (specReplicas(from) !== specReplicas(to))
      recordScaling(deployment, from, specReplicas(from), specReplicas(to), context)
  }
  const status = (plan.rollsOut ? rolloutStatus : countedStatus)(deployment, revisions, conditions, now)
  const settled = plan.rollsOut && plan.updates.length === 0 && isComplete(deployment, status)
  for (const set of settled ? outdated(deployment, revisions.old) : plan.deletions) await deleteSet(set, context)
  await writeStatus(deployment, revisions, status, context)
  const left = untilDeadline(deployment, status.conditions ?? [], now)
  return plan.rollsOut && left !== undefined && left > 0 ? { after: left } : undefined
}

interface Made {
  readonly set: ReplicaSet
  readonly conditions: Conditions
}

/** Makes the replica set of a new template; undefined if there is nothing more to do now. */
async function createSet(
  deployment: Deployment,
  wanted: NonNullable<Plan['create']>,
  conditions: Conditions,
  context: ReconcileContext,
): Promise<Made | undefined> {
  const { client, clock } = context
  const tracked = progressDeadline(deployment) !== undefined
  const now = clock.now()
  try {
    const set = await client.create(ReplicaSet, wanted)
    if (specReplicas(set) > 0) recordScaling(deployment, set, 0, specReplicas(set), context)
    const message = `Created new replica set "${set.metadata.name}"`
    return { set, conditions: tracked ? progressing(conditions, 'NewReplicaSetCreated', message, now) : conditions }
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined
    if (isAlreadyExists(error)) {
      const set = await client.get(ReplicaSet, wanted.metadata ?? {})
      const ours = controllerOf(set)?.uid === deployment.metadata.uid
      if (ours && sameTemplate(set.spec.template, deployment.spec.template)) return { set, conditions }
      // Another template has this hash: the next one is salted.
      const collisionCount = (deployment.status.collisionCount ?? 0) + 1
      const status = { ...deployment.status, collisionCount }
      await client.update(Deployment, { ...deployment, status }, { subresource: 'status' })
      return undefined
    }
    const message = `Failed to create new replica set "${wanted.metadata?.name}": ${error instanceof Error ? error.message : error}`
    context.events.record(deployment, 'Warning', 'ReplicaSetCreateError', message)
    if (tracked) {
      const failed = withCondition(
        conditions,
        { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message },
        now,
      )
      if (failed !== conditions)
        await client.update(
          Deployment,
          { ...deployment, status: { ...deployment.status, conditions: failed } },
          { subresource: 'status' },
        )
    }
    throw error
  }
}

const progressing = (conditions: Conditions, reason: string, message: string, now: number): Conditions =>
  withCondition(conditions, { type: 'Progressing', status: 'True', reason, message }, now)

const replaced = ({ newest, old }: Revisions, from: ReplicaSet, to: ReplicaSet): Revisions => ({
  newest: newest === from ? to : newest,
  old: old.map(set => (set === from ? to : set)),
})

function recordScaling(
  deployment: Deployment,
  { metadata }: ReplicaSet,
  from: number,
  to: number,
  { events }: ReconcileContext,
): void {
  const way = to > from ? 'up' : 'down'
  events.record(
    deployment,
    'Normal',
    'ScalingReplicaSet',
    `Scaled ${way} replica set ${metadata.name} from ${from} to ${to}`,
  )
}

async function deleteSet({ metadata }: ReplicaSet, { client }: ReconcileContext): Promise<void> {
  try {
    await client.delete(ReplicaSet, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** The revision of a deployment is that of its newest set. */
async function writeStatus(
  deployment: Deployment,
  { newest }: Revisions,
  status: DeploymentStatus,
  { client }: ReconcileContext,
): Promise<void> {
  const { annotations } = deployment.metadata
  const revision = newest?.metadata.annotations?.[revisionAnnotation]
  const metadata =
    revision === undefined || annotations?.[revisionAnnotation] === revision
      ? deployment.metadata
      : { ...deployment.metadata, annotations: { ...annotations, [revisionAnnotation]: revision } }
  if (metadata === deployment.metadata && jsonEqual(status, deployment.status)) return
  await client.update(Deployment, { ...deployment, metadata, status }, { subresource: 'status' })
}
