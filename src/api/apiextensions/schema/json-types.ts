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
  return typeof value
}
