import type { ApiObject } from '../../machinery/object.js'

/** What an object's finalizers are to be: present while it lives or is in use, absent once it goes and is not. */
export function settledFinalizers(
  { metadata: { finalizers = [], deletionTimestamp } }: ApiObject,
  finalizer: string,
  inUse: () => boolean,
): readonly string[] | undefined {
  const present = finalizers.includes(finalizer)
  if (!deletionTimestamp) return present ? undefined : [...finalizers, finalizer]
  return present && !inUse() ? finalizers.filter(found => found !== finalizer) : undefined
}

/** The object with other finalizers. */
export const withFinalizers = <T extends ApiObject>(object: T, finalizers: readonly string[]): T => {
  const { finalizers: _, ...metadata } = object.metadata
  return { ...object, metadata: finalizers.length > 0 ? { ...metadata, finalizers } : metadata }
}
