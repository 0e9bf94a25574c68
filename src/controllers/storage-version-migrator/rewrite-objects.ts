import type { Client, ListOptions, ListResult } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import { apiVersionOf } from '../../client/owners.js'
import type { ApiObject } from '../../machinery/object.js'
import { isConflict, isNotFound, StatusError } from '../../machinery/status-error.js'
import { isWrittenSince } from './migration-plan.js'

/** Objects asked for at a time, and written at a time. */
const pageSize = 500
const atOnce = 16

const fieldManager = 'storage-version-migrator-controller'

/** Why objects cannot be written anew. */
export class MigrationError extends Error {
  constructor(
    message: string,
    /** Whether it may be otherwise soon: somebody may have asked a little early. */
    readonly mayPass = false,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

interface Objects {
  readonly client: Client
  readonly kind: AnyKind
  readonly signal: AbortSignal
}

export interface RewriteOptions extends Objects {
  /** The version at which the migration began: what was written later has today's form. */
  readonly noted: string
  /** Whether the migration is still wanted; asked between pages. */
  readonly wanted: () => boolean
}

/** The newest version of all objects of a kind. Throws as `rewriteObjects` does. */
export async function newestVersion(objects: Objects): Promise<string> {
  const { resourceVersion } = await pageOf(objects, { limit: 1 })
  if (isWrittenSince(resourceVersion, resourceVersion) === undefined) throw malformed(resourceVersion)
  return resourceVersion
}

/**
 * Has every object of a kind written that has not been written since the noted version, without a change: the server then
 * stores it in today's form. Resolves to false if it was given up. Throws a `MigrationError` for what will not get better,
 * and what the server says for the rest: trying again goes on where this has ended.
 */
export async function rewriteObjects({ noted, wanted, ...objects }: RewriteOptions): Promise<boolean> {
  const { signal } = objects
  let next: string | undefined
  do {
    if (signal.aborted || !wanted()) return false
    // Asked for no version, the server answers with the newest there is: nothing from before the noted one is left out.
    const page = await pageOf(objects, { limit: pageSize, ...(next ? { continue: next } : {}) })
    const old = page.items.filter(object => isOld(object, noted))
    for (let i = 0; i < old.length && !signal.aborted; i += atOnce) {
      const written = await Promise.allSettled(old.slice(i, i + atOnce).map(object => rewrite(objects, object)))
      const failures = written.flatMap(result => (result.status === 'rejected' ? [result.reason as unknown] : []))
      // What does not get better is told at once.
      if (failures.length > 0) throw failures.find(error => error instanceof MigrationError) ?? failures[0]
    }
    next = page.continue
  } while (next)
  return !signal.aborted
}

function isOld({ metadata: { resourceVersion } }: ApiObject, noted: string): boolean {
  const later = isWrittenSince(resourceVersion, noted)
  if (later === undefined) throw malformed(resourceVersion)
  return !later
}

const malformed = (version = '') => new MigrationError(`resource version is not well formed: ${version}`)

/** A server-side apply of nothing. With its identity, since what is gone must not be made again. */
async function rewrite({ client, kind, signal }: Objects, { metadata }: ApiObject): Promise<void> {
  const { uid, resourceVersion, name, namespace } = metadata
  const body = {
    apiVersion: apiVersionOf(kind.gvk),
    kind: kind.gvk.kind,
    metadata: { name, ...(namespace ? { namespace } : {}), uid, resourceVersion },
  }
  try {
    await client.patch(kind, metadata, { type: 'apply', body }, { fieldManager, signal })
  } catch (error) {
    // It was written, deleted, or made again meanwhile.
    if (!isConflict(error) && !isNotFound(error)) throw lasting(error)
  }
}

/** A page of the objects, without what the caller does not need. */
async function pageOf({ client, kind, signal }: Objects, options: ListOptions): Promise<ListResult<ApiObject>> {
  try {
    return await client.list(kind, { ...options, metadataOnly: true, signal })
  } catch (error) {
    // As of objects that cannot be decrypted: it may last for ever.
    if (error instanceof StatusError && error.code === 500)
      throw new MigrationError(error.message, true, { cause: error })
    throw lasting(error)
  }
}

/** An error that passes by itself as it is, and a `MigrationError` for all others. */
function lasting(error: unknown): unknown {
  if (!(error instanceof StatusError) || error.code >= 500 || passingCodes.has(error.code)) return error
  return new MigrationError(error.message, error.code === 404, { cause: error })
}

/** Conflict, an expired list, too many requests. */
const passingCodes = new Set([409, 410, 429])
