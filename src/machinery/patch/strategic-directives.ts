import { isObject, mapFields } from './json-value.js'

export const retainKeysDirective = '$retainKeys'

/** Directives that are fields of their own beside the list they are about. */
export function listDirective(key: string): { kind: 'order' | 'delete'; field: string } | undefined {
  if (!key.startsWith('$')) return undefined
  const slash = key.indexOf('/')
  const field = key.slice(slash + 1)
  if (key.startsWith('$setElementOrder/')) return { kind: 'order', field }
  return key.startsWith('$deleteFromPrimitiveList/') ? { kind: 'delete', field } : undefined
}

/**
 * A value of the patch where the original has none: without nulls and directives. An object that carries `$patch` is
 * about something that is not there, and is dropped; undefined if that is the value itself.
 */
export function fresh(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    const kept = items.map(fresh).filter(item => item !== undefined)
    return kept.length === items.length && kept.every((item, index) => item === items[index]) ? value : kept
  }
  if (!isObject(value)) return value
  if (Object.hasOwn(value, '$patch')) return undefined
  return mapFields(value, (field, key) =>
    field === null || key === retainKeysDirective || listDirective(key) ? undefined : fresh(field),
  )
}
