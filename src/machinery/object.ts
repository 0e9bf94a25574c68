import type { ObjectMeta } from './meta/index.js'

/** What every stored API object has. */
export interface ApiObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

/** `namespace/name`, or just the name of a cluster-scoped object. */
export const keyOf = ({ namespace, name }: { readonly namespace?: string; readonly name?: string }): string =>
  namespace ? `${namespace}/${name ?? ''}` : (name ?? '')
