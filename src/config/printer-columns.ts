import type { CustomResourceColumnDefinition, JSONSchemaProps } from '../api/apiextensions/v1/index.js'

/** Columns by their names: the path of a field, or more about it. */
export interface CustomColumns {
  readonly [name: string]:
    | string
    | {
        readonly path: string
        /** Shown by `kubectl get -o wide` only. */
        readonly wide?: boolean
        readonly description?: string
      }
}

/** Printer columns whose types are those of their fields, and the age. Throws for a path that leads nowhere. */
export function printerColumns(schema: JSONSchemaProps, columns: CustomColumns): CustomResourceColumnDefinition[] {
  const declared = Object.entries(columns).map(([name, column]): CustomResourceColumnDefinition => {
    const { path, wide = false, description = undefined } = typeof column === 'string' ? { path: column } : column
    return {
      name,
      type: columnType(schema, name, path),
      jsonPath: path,
      ...(wide ? { priority: 1 } : {}),
      ...(description ? { description } : {}),
    }
  })
  return 'Age' in columns ? declared : [...declared, age]
}

const age: CustomResourceColumnDefinition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

function columnType(schema: JSONSchemaProps, name: string, path: string): string {
  if (path.startsWith('.metadata.')) return path.endsWith('Timestamp') ? 'date' : 'string'
  let at: JSONSchemaProps | undefined = schema
  for (const [, word = '', rest = ''] of path.matchAll(/\.([^.[\]]+)|(\[[^\]]*\])/g)) {
    if (rest) at = Array.isArray(at?.items) ? undefined : (at?.items as JSONSchemaProps | undefined)
    else at = at?.properties?.[word] ?? valuesOf(at)
    if (at?.['x-kubernetes-preserve-unknown-fields']) return 'string'
  }
  if (!at || !path.startsWith('.'))
    throw new TypeError(`column ${name}: ${path} is no field; write it as in .spec.replicas`)
  if (at.format === 'date-time') return 'date'
  return at.type === 'integer' || at.type === 'number' || at.type === 'boolean' ? at.type : 'string'
}

const valuesOf = (schema: JSONSchemaProps | undefined): JSONSchemaProps | undefined =>
  typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined
