import type { CustomResourceDefinition, JSONSchemaProps } from '../v1/index.js'
import { formats } from './formats.js'
import { itemsOf, valuesOf } from './structure.js'

/** Formats that nobody checks are likely misspelt, or on the list in place of its items. */
export function formatWarnings({ spec }: CustomResourceDefinition): readonly string[] {
  const found = new Set<string>()
  for (const { schema } of spec.versions ?? []) if (schema?.openAPIV3Schema) gather(schema.openAPIV3Schema, found)
  return [...found].sort().map(format => `unrecognized format ${JSON.stringify(format)}`)
}

function gather(schema: JSONSchemaProps, found: Set<string>): void {
  const { type, format } = schema
  // Formats of numbers are taken as they are.
  if (format && type !== 'integer' && type !== 'number' && !(type === 'string' && formats.has(format)))
    found.add(format)
  for (const part of [itemsOf(schema), valuesOf(schema), ...Object.values(schema.properties ?? {})])
    if (part) gather(part, found)
}
