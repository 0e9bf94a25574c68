import type { Client, Patch } from '../../client/client.js'
import type { ObjectMeta, OwnerReference } from '../../machinery/meta/index.js'
import { isConflict, isNotFound } from '../../machinery/status-error.js'
import type { GraphNode } from './dependency-graph.js'

const fieldManager = 'kube-controller-manager'
const maximumTries = 5

/** A change of exactly this object as it was seen: of that uid and version, or a conflict. */
const change = ({ uid, resourceVersion }: ObjectMeta, fields: object): Patch => ({
  type: 'merge',
  body: { metadata: { uid, resourceVersion, ...fields } },
})

const orNull = <T>(items: readonly T[]): readonly T[] | null => (items.length > 0 ? items : null)

export const finalizersWithout = (metadata: ObjectMeta, finalizer: string): Patch | undefined =>
  metadata.finalizers?.includes(finalizer)
    ? change(metadata, { finalizers: orNull(metadata.finalizers.filter(one => one !== finalizer)) })
    : undefined

export const ownersReduced = (metadata: ObjectMeta, owners: readonly OwnerReference[]): Patch =>
  change(metadata, { ownerReferences: orNull(owners) })

export const ownersWithout = (metadata: ObjectMeta, uid: string): Patch | undefined =>
  metadata.ownerReferences?.some(owner => owner.uid === uid)
    ? ownersReduced(
        metadata,
        metadata.ownerReferences.filter(owner => owner.uid !== uid),
      )
    : undefined

/** Nothing waits for the object any more. */
export const ownersUnblocked = (metadata: ObjectMeta): Patch | undefined =>
  metadata.ownerReferences?.some(({ blockOwnerDeletion }) => blockOwnerDeletion)
    ? ownersReduced(
        metadata,
        metadata.ownerReferences.map(owner => ({ ...owner, blockOwnerDeletion: false })),
      )
    : undefined

/** The object as the server has it now; undefined if it is gone, or another one goes by its name. */
export async function fresh(
  client: Client,
  { kind, metadata }: GraphNode,
  signal: AbortSignal,
): Promise<GraphNode | undefined> {
  try {
    const live = await client.get(kind, metadata, { signal })
    return live.metadata.uid === metadata.uid ? { kind, metadata: live.metadata } : undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/**
 * Patches an object, trying again on its newest version when somebody else has written it meanwhile. `patch` says what to
 * do, or that there is nothing to do. Resolves to the object as it is then; undefined if it is gone.
 */
export async function patchObject(
  client: Client,
  node: GraphNode,
  patch: (metadata: ObjectMeta) => Patch | undefined,
  signal: AbortSignal,
): Promise<GraphNode | undefined> {
  let current = node
  for (let tries = 1; ; tries++) {
    const wanted = patch(current.metadata)
    if (!wanted) return current
    try {
      const { metadata } = await client.patch(current.kind, current.metadata, wanted, {
        fieldManager,
        signal,
      })
      return { kind: current.kind, metadata }
    } catch (error) {
      if (isNotFound(error)) return undefined
      if (!isConflict(error) || tries >= maximumTries) throw error
      const newer = await fresh(client, current, signal)
      if (!newer) return undefined
      current = newer
    }
  }
}
