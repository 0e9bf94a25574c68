import type { JSONSchemaProps } from '../v1/index.js'

/** The schema of a list's items. */
export const itemsOf = ({ items }: JSONSchemaProps): JSONSchemaProps | undefined =>
  items && !Array.isArray(items) ? (items as JSONSchemaProps) : undefined

/** The schema of a map's values. */
export const valuesOf = ({ additionalProperties }: JSONSchemaProps): JSONSchemaProps | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : undefined

/** Fields that the schema does not name are kept. */
export const keepsUnknown = (schema: JSONSchemaProps): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true

export const isIntOrString = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-int-or-string'] === true

/** The value is an API object itself. */
export const isEmbedded = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-embedded-resource'] === true

/** A null that the schema does not allow. */
export const isForbiddenNull = (value: unknown, schema: JSONSchemaProps | undefined): boolean =>
  value === null && schema !== undefined && schema.nullable !== true

/** Whether a test holds for the schema or one that is nested in it as the schema of a part. */
export function someSchema(schema: JSONSchemaProps, test: (schema: JSONSchemaProps) => boolean): boolean {
  if (test(schema)) return true
  const parts = [itemsOf(schema), valuesOf(schema), ...Object.values(schema.properties ?? {})]
  return parts.some(part => part !== undefined && someSchema(part, test))
}
