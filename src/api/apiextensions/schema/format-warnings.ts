import type { FieldPath } from '../../../machinery/path.js'
import { root } from '../../../machinery/path.js'
import type { CustomResourceDefinition, JSONSchemaProps } from '../v1/index.js'
import { formats, numberFormats } from './formats.js'
import { itemsOf, valuesOf } from './structure.js'

/** Formats that nobody checks are likely misspelt. */
export function formatWarnings({ spec }: CustomResourceDefinition): readonly string[] {
  const found: string[] = []
  ;(spec.versions ?? []).forEach(({ schema }, i) => {
    const path = root.child('spec', 'versions').index(i).child('schema', 'openAPIV3Schema')
    if (schema?.openAPIV3Schema) gather(schema.openAPIV3Schema, path, found)
  })
  return found
}

function gather(schema: JSONSchemaProps, path: FieldPath, found: string[]): void {
  const { format } = schema
  if (format && !formats.has(format) && !numberFormats.has(format))
    found.push(`${path.child('format')}: unrecognized format ${JSON.stringify(format)}`)
  const items = itemsOf(schema)
  if (items) gather(items, path.child('items'), found)
  const values = valuesOf(schema)
  if (values) gather(values, path.child('additionalProperties'), found)
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    gather(property, path.child('properties').key(name), found)
}
