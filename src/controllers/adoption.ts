import type { Client } from '../client/client.js'
import { controllerOf, controllerReference } from '../client/owners.js'
import type { Selector } from '../machinery/labels.js'
import type { ApiObject } from '../machinery/object.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'

/** What an owner does about the objects it controls and those nobody does. */
export interface Claims<T> {
  /** Controlled and selected. */
  readonly kept: readonly T[]
  /** Controlled, but no longer selected. */
  readonly released: readonly T[]
  /** Nobody's, and selected. */
  readonly adopted: readonly T[]
}

/**
 * Sorts objects by whose they are: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#non-template-pod-acquisitions.
 * An owner on its way out neither takes nor gives.
 */
export function claimsOf<T extends ApiObject>(
  owner: ApiObject,
  selector: Selector,
  owned: readonly T[],
  orphans: readonly T[],
): Claims<T> {
  const kept: T[] = []
  const released: T[] = []
  for (const object of owned) (selector.matches(object.metadata.labels) ? kept : released).push(object)
  if (owner.metadata.deletionTimestamp) return { kept, released: [], adopted: [] }
  const adopted = orphans.filter(
    object => !object.metadata.deletionTimestamp && !controllerOf(object) && selector.matches(object.metadata.labels),
  )
  return { kept, released, adopted }
}

/**
 * Makes the claims true. What is adopted bears `finalizer` from then on, what is released no longer. Returns what is the
 * owner's then; throws what keeps it from adopting.
 */
export async function settleClaims<T extends ApiObject, I, O extends ApiObject, OI>(
  client: Client,
  kind: Kind<T, I>,
  ownerKind: Kind<O, OI>,
  owner: O,
  { kept, released, adopted }: Claims<T>,
  finalizer?: string,
): Promise<readonly T[]> {
  if (released.length === 0 && adopted.length === 0) return kept
  await Promise.all(released.map(object => release(client, kind, object, owner, finalizer)))
  if (adopted.length === 0) return kept
  await assertCurrent(client, ownerKind, owner)
  const reference = controllerReference(ownerKind, owner)
  const taken = await Promise.all(
    adopted.map(async object => {
      try {
        return await client.patch(kind, object.metadata, {
          type: 'strategic',
          body: {
            metadata: {
              ownerReferences: [reference],
              uid: object.metadata.uid,
              ...(finalizer ? { finalizers: [finalizer] } : {}),
            },
          },
        })
      } catch (error) {
        // It went away meanwhile: nothing left to adopt.
        if (isNotFound(error)) return undefined
        throw error
      }
    }),
  )
  return [...kept, ...taken.filter(object => object !== undefined)]
}

async function release<T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  { metadata }: T,
  owner: ApiObject,
  finalizer: string | undefined,
): Promise<void> {
  try {
    await client.patch(kind, metadata, {
      type: 'strategic',
      body: {
        metadata: {
          ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
          uid: metadata.uid,
          ...(finalizer ? { '$deleteFromPrimitiveList/finalizers': [finalizer] } : {}),
        },
      },
    })
  } catch (error) {
    // Gone, or another object under the same name, or no reference left to take away.
    if (!isNotFound(error) && !(error instanceof StatusError && error.code === 422)) throw error
  }
}

/** The cache may be behind: an owner that was just deleted, or replaced, must not adopt. */
async function assertCurrent<O extends ApiObject, I>(client: Client, kind: Kind<O, I>, owner: O): Promise<void> {
  const { metadata } = await client.get(kind, owner.metadata)
  const { namespace = '', name = '', uid } = owner.metadata
  if (metadata.uid !== uid)
    throw new Error(`original ${kind.gvk.kind} ${namespace}/${name} is gone: got uid ${metadata.uid}, wanted ${uid}`)
  if (metadata.deletionTimestamp)
    throw new Error(`${namespace}/${name} has just been deleted at ${metadata.deletionTimestamp}`)
}
