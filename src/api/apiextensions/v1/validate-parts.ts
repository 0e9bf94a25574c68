import { duplicate, invalidValue, required, tooMany } from '../../../machinery/field-errors.js'
import { JsonPathError, parseJsonPath } from '../../../machinery/json-path.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type {
  CustomResourceColumnDefinition,
  CustomResourceSubresources,
  SelectableField,
} from './custom-resource-definition.js'
import type { JSONSchemaProps } from './json-schema-props.js'

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

function simplePath(path: FieldPath, text: string): FieldError[] {
  if (!text) return [invalidValue(path, text, 'must not be empty')]
  if (!text.startsWith('.')) return [invalidValue(path, text, 'must be a simple json path starting with .')]
  try {
    parseJsonPath(text)
    return []
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error
    return [invalidValue(path, text, `is an invalid path: ${error.message}`)]
  }
}

/** Rules for a column of tables. */
export function validateColumn(column: CustomResourceColumnDefinition, path: FieldPath): FieldError[] {
  const { name, type, format, jsonPath } = column
  const errors: FieldError[] = []
  if (!name) errors.push(required(path.child('name')))
  const typesText = `must be one of ${columnTypes.join(',')}`
  if (!type) errors.push(required(path.child('type'), typesText))
  else if (!columnTypes.includes(type)) errors.push(invalidValue(path.child('type'), type, typesText))
  if (format && !columnFormats.includes(format))
    errors.push(invalidValue(path.child('format'), format, `must be one of ${columnFormats.join(',')}`))
  const at = path.child('JSONPath')
  return [...errors, ...(jsonPath ? simplePath(at, jsonPath) : [required(at)])]
}

/** Rules for the scale: its numbers are kept where they belong. */
export function validateSubresources(
  subresources: CustomResourceSubresources | undefined,
  path: FieldPath,
): FieldError[] {
  const scale = subresources?.scale
  if (!scale) return []
  const below = (name: string, text: string, places: readonly string[], detail: string): FieldError[] => {
    const at = path.child('scale', name)
    if (!text) return [required(at)]
    const errors = simplePath(at, text)
    if (errors.length > 0) return errors
    return places.some(place => text.startsWith(place)) ? [] : [invalidValue(at, text, detail)]
  }
  return [
    ...below('specReplicasPath', scale.specReplicasPath, ['.spec.'], 'should be a json path under .spec'),
    ...below('statusReplicasPath', scale.statusReplicasPath, ['.status.'], 'should be a json path under .status'),
    ...(scale.labelSelectorPath
      ? below(
          'labelSelectorPath',
          scale.labelSelectorPath,
          ['.spec.', '.status.'],
          'should be a json path under either .spec or .status',
        )
      : []),
  ]
}

const mostSelectable = 8

/** Rules for fields that selectors may name: simple values of the schema, each once. */
export function validateSelectableFields(
  fields: readonly SelectableField[] | undefined,
  schema: JSONSchemaProps | undefined,
  path: FieldPath,
): FieldError[] {
  if (!fields) return []
  const errors: FieldError[] = []
  if (fields.length > mostSelectable) errors.push(tooMany(path, fields.length, mostSelectable))
  const seen = new Set<string>()
  fields.forEach(({ jsonPath }, i) => {
    const at = path.index(i).child('jsonPath')
    if (!jsonPath) {
      errors.push(required(at))
      return
    }
    if (seen.has(jsonPath)) errors.push(duplicate(at, jsonPath))
    seen.add(jsonPath)
    if (!/^(\.[A-Za-z_][\w-]*)+$/.test(jsonPath)) {
      errors.push(invalidValue(at, jsonPath, 'must be a simple field path'))
      return
    }
    const why = unselectable(jsonPath.slice(1).split('.'), schema)
    if (why) errors.push(invalidValue(at, jsonPath, why))
  })
  return errors
}

function unselectable(names: readonly string[], schema: JSONSchemaProps | undefined): string | undefined {
  if (names[0] === 'metadata') return 'must not point to fields in metadata'
  let found = schema
  for (const name of names) found = found?.properties?.[name]
  if (!found) return 'is an invalid path: does not refer to a valid field'
  return ['string', 'boolean', 'integer'].includes(found.type ?? '')
    ? undefined
    : 'must point to a field of type string, boolean or integer'
}
