import { embedded, type Kind, kind, list, required } from '../../schema/index.js'
import { ListMeta } from './list-meta.js'

/** What a list request answers with: `ListOf<Pod>` is a PodList. */
export interface ListOf<T> {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ListMeta
  readonly items: readonly T[]
}

const lists = new WeakMap<object, unknown>()

/** The list kind of a kind, `PodList` for `Pod`; the same value for the same kind every time. */
export function listOf<T, I>(item: Kind<T, I>): Kind<ListOf<T>, ListOf<I>> {
  let found = lists.get(item) as Kind<ListOf<T>, ListOf<I>> | undefined
  if (!found) {
    const { group, version } = item.gvk
    found = kind(
      `${item.name}List`,
      { group, version, plural: '', namespaced: false },
      { metadata: embedded(1, ListMeta), items: required(2, list(item, { type: 'none' })) },
    ) as unknown as Kind<ListOf<T>, ListOf<I>>
    lists.set(item, found)
  }
  return found
}
