import type { Deployment, ReplicaSet } from '../../api/apps/v1/index.js'

interface Annotations {
  readonly [key: string]: string
}

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const historyAnnotation = 'deployment.kubernetes.io/revision-history'
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'

/** A replica set's own, or about one object alone: not handed down from its deployment. */
const notHandedDown = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  historyAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
])

/** Characters of past revisions that are kept; the oldest go first. */
const longestHistory = 2000

/** The revision a replica set or deployment says it is; 0 if it does not. */
export function revisionOf({ metadata }: Pick<ReplicaSet, 'metadata'>): bigint {
  const text = metadata.annotations?.[revisionAnnotation] ?? ''
  const revision = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n
  return revision === BigInt.asIntN(64, revision) ? revision : 0n
}

/** Annotations of a replica set that carry how large its deployment was to be, for scaling in proportion later. */
export const sizeAnnotations = (replicas: number, maxReplicas: number): Annotations => ({
  [desiredReplicasAnnotation]: String(replicas),
  [maxReplicasAnnotation]: String(maxReplicas),
})

/** What annotations `set` has, or is made with, as the deployment's current revision. */
export function annotationsOfNewest(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  set: ReplicaSet | undefined,
): Annotations {
  const annotations: Record<string, string> = { ...set?.metadata.annotations }
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!notHandedDown.has(key)) annotations[key] = value
  let highest = 0n
  for (const one of old) if (revisionOf(one) > highest) highest = revisionOf(one)
  const revision = highest + 1n
  const before = set ? revisionOf(set) : 0n
  if (before < revision) {
    annotations[revisionAnnotation] = String(revision)
    // A template that comes back is the newest once more; which revisions it was before is kept.
    if (before > 0n) annotations[historyAnnotation] = appended(annotations[historyAnnotation] ?? '', before)
  }
  return annotations
}

function appended(history: string, revision: bigint): string {
  const revisions = [...history.split(',').filter(Boolean), String(revision)]
  while (revisions.length > 1 && revisions.join(',').length > longestHistory) revisions.shift()
  return revisions.join(',')
}
