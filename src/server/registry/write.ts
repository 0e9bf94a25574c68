import type { UserInfo } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import type { ViewSubresource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'
import type { StoredObject } from '../cache/stored-object.js'

/** Who writes, and how. */
export interface WriteContext {
  readonly user: UserInfo
  /** The name under which managed fields are recorded. */
  readonly fieldManager: string
  readonly dryRun: boolean
  warn(text: string): void
  /** Adds something to what the audit log says of the request, if it is written down. */
  readonly annotate?: ((key: string, value: string) => void) | undefined
}

/** What an update does to the current object; called again with a newer one when a race is lost. */
export interface Change<T extends ApiObject> {
  /**
   * Makes the new object from the current one. The draft is the registry's to change. When there is none yet and the
   * resource may be created by update, `current` is undefined.
   */
  readonly apply: (current: T | undefined) => Draft<T> | Promise<Draft<T>>
  /** Writes through a view of the object instead of the object itself. */
  readonly view?: ViewSubresource<T>
  /** What is admitted is another object that stands for this one: its scale. */
  readonly seenAs?: SeenAs<T>
  /** Managed fields are already worked out by the draft (server-side apply). */
  readonly ownsManagedFields?: boolean
  /** The draft is made from whatever the current object is (a patch), so that no version need be named. */
  readonly retry?: boolean
  /** The server's own doing (binding): neither strategy, admission nor managed fields have a say. */
  readonly direct?: boolean
  /** A name that does not exist is created (apply; update where the resource allows it). */
  readonly create?: boolean
}

/** An object in the form that a subresource has for it. */
export interface SeenAs<T extends ApiObject> {
  readonly subresource: string
  readonly show: (object: T) => ApiObject
  /** Takes over what admission has made of it. */
  readonly take: (shown: ApiObject, draft: Draft<T>) => void
}

export interface Written<T extends ApiObject> {
  readonly stored: StoredObject<T>
  readonly created: boolean
}

export type Deleted<T extends ApiObject> =
  /** It is gone; the object as it was last. */
  | { readonly gone: true; readonly stored: StoredObject<T> }
  /** It lives on, marked deleted, until its agent and its finalizers are done. */
  | { readonly gone: false; readonly stored: StoredObject<T> }

/** Seconds after which the store forgets an object, for kinds that are not kept (events). */
export type TimeToLive<T extends ApiObject> = (object: T) => number | undefined
