import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'
import type { Client, ObjectRef, WriteOptions } from './client.js'
import { apiVersionOf } from './owners.js'

/**
 * Makes an object what is given, as far as it is given, by server-side apply: creates it if it is not there, takes over
 * fields that others have set, and removes those it set before and no longer gives.
 */
export const apply = <T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  object: I & { readonly metadata: ObjectRef },
  options?: WriteOptions,
): Promise<T> => {
  const body = { ...object, apiVersion: apiVersionOf(kind.gvk), kind: kind.gvk.kind }
  return client.patch(kind, object.metadata, { type: 'apply', force: true, body }, options)
}
