import { resources } from '../../api/resources.js'
import type { VersionView } from '../../machinery/apply/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { apiVersionOf } from './read-body.js'

type Views = { readonly versions?: (apiVersion: string) => VersionView | undefined }

const known = new WeakMap<object, Views>()

/** How the objects of a resource look in the other version they are served in, where that one names fields otherwise. */
export function versionViews<T extends ApiObject>(resource: Resource<T>): Views {
  let views = known.get(resource)
  if (!views) known.set(resource, (views = viewsOf(resource as unknown as Resource)))
  return views
}

function viewsOf({ kind, storedAs }: Resource): Views {
  if (storedAs && !storedAs.ask)
    return only(storedAs.kind as Resource['kind'], object => storedAs.write(object as ApiObject))
  const other = resources.find(({ storedAs: form }) => form?.kind.gvk === kind.gvk)
  const form = other?.storedAs
  return other && form ? only(other.kind, object => form.read(object as ApiObject)) : {}
}

function only(kind: Resource['kind'], convert: (object: unknown) => unknown): Views {
  const view: VersionView = { schema: kind, convert }
  return { versions: apiVersion => (apiVersion === apiVersionOf(kind.gvk) ? view : undefined) }
}
