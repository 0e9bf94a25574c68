/** Objects of JSON. */
export interface JsonObject {
  [name: string]: unknown
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The type of a value in JSON schema's words; whole numbers are integers. */
export function jsonSchemaType(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value === 'bigint' ? 'integer' : typeof value
}

/** A field of the object itself: every object seems to have a `constructor`. */
export const ownField = (object: { readonly [name: string]: unknown }, name: string): unknown =>
  Object.hasOwn(object, name) ? object[name] : undefined

/** Sets a field; one called `__proto__` is a field like any other. */
export function setField(object: JsonObject, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}
