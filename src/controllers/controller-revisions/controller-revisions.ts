import { ControllerRevision } from '../../api/apps/v1/index.js'
import { type AlsoWatch, index, type ReconcileContext, watchAlso } from '../../client/controller.js'
import { controllerOf } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import { claimsOf, settleClaims } from '../adoption.js'
import { planRevision, type RevisionOwner, revisionData, revisionFor } from './revision-plan.js'

/** Revisions without a controller, by namespace. */
const orphanRevisions = index(ControllerRevision, revision =>
  controllerOf(revision) ? [] : [revision.metadata.namespace ?? ''],
)

/** An owner's history, the revision of its present template apart. */
export interface History {
  readonly current: ControllerRevision
  readonly others: readonly ControllerRevision[]
  /** How often the name of a revision was found taken, for the owner's status. */
  readonly collisionCount: number | undefined
}

/** Makes sure that there is a revision of the owner's present template, and that it is the newest. */
export async function settleHistory<T extends RevisionOwner, I>(
  kind: Kind<T, I>,
  owner: T,
  hashLabel: string,
  context: ReconcileContext,
): Promise<History> {
  const { client } = context
  const revisions = await claimRevisions(kind, owner, context)
  const { collisionCount } = owner.status
  const plan = planRevision(owner.spec.template, revisions)
  if (plan.type === 'create') {
    const made = await createRevision(kind, owner, hashLabel, plan.number, context)
    const others = revisions.filter(({ metadata }) => metadata.uid !== made.current.metadata.uid)
    return { ...made, others }
  }
  const others = revisions.filter(revision => revision !== plan.revision)
  if (plan.type === 'keep') return { current: plan.revision, others, collisionCount }
  const current = await client.update(ControllerRevision, { ...plan.revision, revision: plan.to })
  return { current, others, collisionCount }
}

function claimRevisions<T extends RevisionOwner, I>(
  kind: Kind<T, I>,
  owner: T,
  context: ReconcileContext,
): Promise<readonly ControllerRevision[]> {
  const owned = context.ownedBy(ControllerRevision, owner.metadata.uid ?? '')
  const orphans = context.by(orphanRevisions, owner.metadata.namespace ?? '')
  const claims = claimsOf(owner, selectorFromObject(owner.spec.selector), owned, orphans)
  if (owner.metadata.deletionTimestamp) return Promise.resolve(claims.kept)
  return settleClaims(context.client, ControllerRevision, kind, owner, claims)
}

async function createRevision<T extends RevisionOwner, I>(
  kind: Kind<T, I>,
  owner: T,
  hashLabel: string,
  number: number,
  { client }: ReconcileContext,
): Promise<Pick<History, 'current' | 'collisionCount'>> {
  for (let { collisionCount } = owner.status; ; collisionCount = (collisionCount ?? 0) + 1) {
    const wanted = revisionFor(kind, owner, hashLabel, number, collisionCount ?? 0)
    try {
      return { current: await client.create(ControllerRevision, wanted), collisionCount }
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    const taken = await client.get(ControllerRevision, wanted.metadata ?? {}).catch(error => {
      if (isNotFound(error)) return undefined
      throw error
    })
    const ours = taken && controllerOf(taken)?.uid === owner.metadata.uid
    // The cache was behind: it is there already.
    if (ours && jsonEqual(taken.data, revisionData(owner.spec.template))) return { current: taken, collisionCount }
  }
}

/** Deletes revisions; one that is gone already is as good. */
export async function deleteRevisions(
  revisions: readonly ControllerRevision[],
  { client }: ReconcileContext,
): Promise<void> {
  for (const { metadata } of revisions)
    try {
      await client.delete(ControllerRevision, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
}

/** Brings the keys of owners that may take up a revision which nobody controls. */
export const ownersOfOrphanRevisions = <T extends RevisionOwner, I>(kind: Kind<T, I>): AlsoWatch =>
  watchAlso(ControllerRevision, (revision, _old, cache) =>
    controllerOf(revision)
      ? []
      : cache
          .list(kind, { namespace: revision.metadata.namespace ?? '' })
          .filter(({ spec }) => selectorFromObject(spec.selector).matches(revision.metadata.labels))
          .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name })),
  )
