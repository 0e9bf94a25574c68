import type { ApiObject } from '../../machinery/object.js'
import type { ObjectCache } from './resource-cache.js'

/** What is told of the objects of a cache. */
export interface Follower<T extends ApiObject> {
  /** An object is there, or has changed. */
  set(object: T): void
  delete(object: T): void
}

/** Tells of everything the cache holds, then of every change as it gets there. */
export function follow<T extends ApiObject>(cache: ObjectCache<T>, follower: Follower<T>): void {
  for (const { object } of cache.list()) follower.set(object)
  cache.observe(({ type, stored }) => {
    if (type === 'DELETED') follower.delete(stored.object)
    else follower.set(stored.object)
  })
}
