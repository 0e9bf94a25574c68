import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { type Draft, decodeJson } from '../../schema/index.js'
import { apiVersionOf } from './read-body.js'

const initialEventsEnd = 'k8s.io/initial-events-end'

/** Says that a watcher has seen everything up to a revision. */
export const bookmarkObject = (revision: number, ended: boolean): ApiObject => ({
  metadata: {
    resourceVersion: String(revision),
    ...(ended ? { annotations: { [initialEventsEnd]: 'true' } } : {}),
  },
})

/**
 * A bookmark as it goes over the wire: an object of the kind in which nothing else is set, but which has all fields that
 * are never left out.
 */
export function shownBookmark(resource: Resource, revision: number, ended: boolean): ApiObject {
  const { kind, subresources } = resource
  const bare = bookmarkObject(revision, ended)
  const object = (kind.decoder ? bare : decodeJson(kind, bare)) as Draft<ApiObject>
  // How many there shall be has no value for not being said, where it was a plain number once.
  if (!kind.decoder) for (const sub of subresources) if (sub.type === 'scale') sub.write(object, 0)
  return { kind: kind.gvk.kind, apiVersion: apiVersionOf(kind.gvk), ...(object as ApiObject) }
}
