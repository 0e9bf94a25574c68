import type { JSONSchemaProps } from '../v1/index.js'
import { isJsonObject, ownField } from './json-types.js'

export type Counterpart = (item: unknown, index: number) => unknown

const nobody: Counterpart = () => undefined

/**
 * Finds what an item of a list was before: by the keys of a map's list. Items of other lists have no identity, so
 * nothing is known of them.
 */
export function oldItems(schema: JSONSchemaProps): (items: readonly unknown[], old: unknown) => Counterpart {
  const keys = schema['x-kubernetes-list-type'] === 'map' ? schema['x-kubernetes-list-map-keys'] : undefined
  if (!keys?.length) return () => nobody
  const defaults = keyDefaults(schema)
  const identity = (item: unknown): string =>
    JSON.stringify(isJsonObject(item) ? keys.map(key => ownField(item, key) ?? ownField(defaults, key) ?? null) : null)
  return (_items, old) => {
    if (!Array.isArray(old)) return nobody
    const byKeys = new Map(old.map(item => [identity(item), item as unknown]))
    return item => byKeys.get(identity(item))
  }
}

function keyDefaults({ items }: JSONSchemaProps): { readonly [key: string]: unknown } {
  const properties = items && !Array.isArray(items) ? ((items as JSONSchemaProps).properties ?? {}) : {}
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, property.default]))
}
