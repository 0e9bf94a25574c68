import type { ApiObject } from '../../machinery/object.js'
import type { AdmissionRequest } from './admission.js'

/** Puts another object into the place of a request's, which whoever made the request holds. */
export function replaceObject({ object, resource }: AdmissionRequest, replacement: ApiObject): void {
  if (!object) return
  const target = object as unknown as Record<string, unknown>
  const defaulted = replacement as typeof object
  resource.defaults?.(defaulted)
  // Whoever made the request has a hold of the metadata, too.
  const metadata = object.metadata as Record<string, unknown>
  for (const field of Object.keys(metadata)) delete metadata[field]
  Object.assign(metadata, replacement.metadata)
  for (const field of Object.keys(target)) if (field !== 'metadata') delete target[field]
  Object.assign(target, { ...replacement, metadata })
}
