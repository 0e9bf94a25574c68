import { type Deployment, ReplicaSet, type ReplicaSetInit } from '../../api/apps/v1/index.js'
import { controllerReference } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { isRollingUpdate, maxReplicas, wantedReplicas } from './limits.js'
import { podTemplateHash, sameTemplate, templateHash } from './pod-template.js'
import { annotationsOfNewest, revisionOf, sizeAnnotations } from './revision.js'
import {
  allOf,
  byCreation,
  isActive,
  isScaling,
  newestReplicas,
  type Revisions,
  rollingUpdate,
  type Scale,
  scaleAll,
  specReplicas,
} from './scaling.js'

/** What is to be done about a deployment's replica sets now. */
export interface Plan {
  /** A replica set for a template that has none yet. */
  readonly create: ReplicaSetInit | undefined
  readonly updates: readonly SetUpdate[]
  readonly deletions: readonly ReplicaSet[]
  /** A rollout is under way or done, and its progress is to be told; not so while paused, or just scaled. */
  readonly rollsOut: boolean
}

export interface SetUpdate {
  readonly from: ReplicaSet
  readonly to: ReplicaSet
}

/** Finds the set with the deployment's template: the oldest of them, should there be several. */
export function revisionsOf({ spec }: Deployment, sets: readonly ReplicaSet[]): Revisions {
  const sorted = sets.toSorted(byCreation)
  const newest = sorted.find(set => sameTemplate(set.spec.template, spec.template))
  return { newest, old: sorted.filter(set => set !== newest) }
}

/** `oldPodsRunning`: pods of the old sets are still there, which Recreate waits for. */
export function planOf(deployment: Deployment, revisions: Revisions, oldPodsRunning: boolean): Plan {
  const { newest, old } = revisions
  if (deployment.metadata.deletionTimestamp) return { create: undefined, updates: [], deletions: [], rollsOut: false }
  const scales = deployment.spec.paused || isScaling(deployment, revisions) ? scaleAll(deployment, revisions) : []
  if (deployment.spec.paused || scales.length > 0)
    return {
      create: undefined,
      updates: updatesOf(deployment, revisions, scales),
      deletions: deployment.spec.paused ? outdated(deployment, old) : [],
      rollsOut: false,
    }
  const ready = isRollingUpdate(deployment) || !(old.some(isActive) || oldPodsRunning)
  const create = newest || !ready ? undefined : newSet(deployment, revisions)
  return {
    create,
    updates: create ? [] : updatesOf(deployment, revisions, rolloutStep(deployment, revisions, ready)),
    deletions: [],
    rollsOut: true,
  }
}

function rolloutStep(deployment: Deployment, revisions: Revisions, ready: boolean): readonly Scale[] {
  const { newest, old } = revisions
  if (isRollingUpdate(deployment)) return rollingUpdate(deployment, revisions)
  if (!ready) return old.filter(isActive).map(set => ({ set, replicas: 0 }))
  return newest && specReplicas(newest) !== wantedReplicas(deployment)
    ? [{ set: newest, replicas: wantedReplicas(deployment) }]
    : []
}

/** The sets that change, each with all that changes of it. */
function updatesOf(deployment: Deployment, revisions: Revisions, scales: readonly Scale[]): readonly SetUpdate[] {
  const updates: SetUpdate[] = []
  for (const set of allOf(revisions)) {
    const scale = scales.find(one => one.set === set)
    const isNewest = set === revisions.newest
    const annotations = {
      ...(isNewest ? annotationsOfNewest(deployment, revisions.old, set) : set.metadata.annotations),
      ...(scale ? sizeAnnotations(wantedReplicas(deployment), maxReplicas(deployment)) : {}),
    }
    const replicas = scale ? scale.replicas : specReplicas(set)
    const { minReadySeconds: _, ...spec } = set.spec
    const minReadySeconds = (isNewest ? deployment : set).spec.minReadySeconds ?? 0
    const to: ReplicaSet = {
      ...set,
      metadata: { ...set.metadata, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec: { ...spec, replicas, ...(minReadySeconds ? { minReadySeconds } : {}) },
    }
    if (!jsonEqual(set, to)) updates.push({ from: set, to })
  }
  return updates
}

/** The replica set a deployment makes for its template. */
function newSet(deployment: Deployment, revisions: Revisions): ReplicaSetInit {
  const { metadata, spec, status } = deployment
  const hash = templateHash(spec.template, status.collisionCount ?? 0)
  const labels = { ...spec.template.metadata?.labels, [podTemplateHash]: hash }
  return {
    metadata: {
      namespace: metadata.namespace ?? '',
      name: `${metadata.name}-${hash}`,
      labels,
      annotations: {
        ...annotationsOfNewest(deployment, revisions.old, undefined),
        ...sizeAnnotations(wantedReplicas(deployment), maxReplicas(deployment)),
      },
      ownerReferences: [{ ...controllerReference({ gvk: deploymentGvk }, deployment) }],
    },
    spec: {
      replicas: newestReplicas(deployment, revisions),
      ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}),
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector?.matchLabels, [podTemplateHash]: hash },
      },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  }
}

const deploymentGvk = { ...ReplicaSet.gvk, kind: 'Deployment' }

/** The largest 32-bit integer stands for no limit. */
const unlimited = 2 ** 31 - 1

/** Old sets beyond what is kept for rollbacks, the oldest revisions first; never one that still has, or wants, pods. */
export function outdated({ spec }: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const { revisionHistoryLimit = unlimited } = spec
  if (revisionHistoryLimit === unlimited) return []
  const alive = old.filter(({ metadata }) => !metadata.deletionTimestamp)
  return alive
    .toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b))
    .slice(0, Math.max(0, alive.length - revisionHistoryLimit))
    .filter(
      ({ metadata, spec, status }) =>
        status.replicas === 0 && spec.replicas === 0 && (metadata.generation ?? 0) <= (status.observedGeneration ?? 0),
    )
}
