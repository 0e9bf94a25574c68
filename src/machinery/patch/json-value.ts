/** JSON values as patches see them: plain data that is never changed in place. */

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Sets a field also where its name is `__proto__`, which an assignment would take for something else. */
export function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

/** The value without the fields that are null, in objects at any depth. Shares what has none. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return mapItems(value, withoutNulls)
  return isObject(value) ? mapFields(value, field => (field === null ? undefined : withoutNulls(field))) : value
}

/** The list with every item replaced; the same list if none changes. */
function mapItems(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  let changed: unknown[] | undefined
  items.forEach((item, index) => {
    const next = change(item)
    if (next !== item) {
      changed ??= [...items]
      changed[index] = next
    }
  })
  return changed ?? items
}

/** The object with every field replaced, undefined dropping it; the same object if none changes. */
export function mapFields(object: JsonObject, change: (value: unknown, key: string) => unknown): JsonObject {
  let changed: Record<string, unknown> | undefined
  for (const key of Object.keys(object)) {
    const value = object[key]
    const next = change(value, key)
    if (next === value) continue
    changed ??= { ...object }
    if (next === undefined) delete changed[key]
    else setField(changed, key, next)
  }
  return changed ?? object
}
