import type { ObjectMeta } from '../../machinery/meta/index.js'

/** Holds an owner until the dependents that block it are gone. */
export const foregroundFinalizer = 'foregroundDeletion'
/** Holds an owner until its dependents have forgotten it. */
export const orphanFinalizer = 'orphan'

const deletedWith = ({ deletionTimestamp, finalizers }: ObjectMeta, finalizer: string): boolean =>
  deletionTimestamp !== undefined && (finalizers ?? []).includes(finalizer)

/** It is being deleted in the foreground: it waits for its dependents. */
export const awaitsDependents = (metadata: ObjectMeta): boolean => deletedWith(metadata, foregroundFinalizer)

/** It is being deleted, and its dependents are to stay. */
export const orphansDependents = (metadata: ObjectMeta): boolean => deletedWith(metadata, orphanFinalizer)
