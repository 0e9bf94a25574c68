import type { JSONSchemaProps } from '../v1/index.js'
import { itemsOf, valuesOf } from './structure.js'

/** Why a schema has words that a structural one has no place for at all; undefined if it has none. */
export function whyInconvertible(schema: JSONSchemaProps): string | undefined {
  const unsupported = unsupportedWord(schema)
  if (unsupported) return `OpenAPIV3Schema '${unsupported}' is not supported`
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  for (const part of partsOf(schema)) {
    const why = part && whyInconvertible(part)
    if (why) return why
  }
  return undefined
}

const isEmpty = (map: object | undefined): boolean => Object.keys(map ?? {}).length === 0

function unsupportedWord(schema: JSONSchemaProps): string | undefined {
  if (schema.id) return 'id'
  if (schema.$schema) return 'schema'
  if (schema.$ref) return '$ref'
  if (!isEmpty(schema.patternProperties)) return 'patternProperties'
  if (!isEmpty(schema.dependencies)) return 'dependencies'
  if (schema.additionalItems !== undefined) return 'additionalItems'
  return isEmpty(schema.definitions) ? undefined : 'definitions'
}

const partsOf = (schema: JSONSchemaProps): readonly (JSONSchemaProps | undefined)[] => [
  schema.not,
  ...(schema.allOf ?? []),
  ...(schema.anyOf ?? []),
  ...(schema.oneOf ?? []),
  valuesOf(schema),
  itemsOf(schema),
  ...Object.values(schema.properties ?? {}),
]
