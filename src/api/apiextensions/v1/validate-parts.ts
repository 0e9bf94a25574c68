import { duplicate, invalidValue, required, tooMany } from '../../../machinery/field-errors.js'
import { JsonPathError, parseJsonPath } from '../../../machinery/json-path.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { followPath } from '../schema/field-path.js'
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
  const errors: FieldError[] = []
  const seen = new Set<string>()
  fields?.forEach(({ jsonPath }, i) => {
    const at = path.index(i).child('jsonPath')
    if (!jsonPath) {
      errors.push(required(at))
      return
    }
    const found = followPath(jsonPath, schema ?? {}, false)
    if ('why' in found) {
      errors.push(invalidValue(at, jsonPath, `is an invalid path: ${found.why}`))
      return
    }
    if (found.steps[0] === 'metadata') errors.push(invalidValue(at, jsonPath, 'must not point to fields in metadata'))
    if (!['string', 'boolean', 'integer'].includes(found.schema?.type ?? ''))
      errors.push(invalidValue(at, jsonPath, noSimpleValue))
    const name = found.steps.join('.')
    if (seen.has(name)) errors.push(duplicate(at, jsonPath))
    seen.add(name)
  })
  if (seen.size > mostSelectable) errors.push(tooMany(path, seen.size, mostSelectable))
  return errors
}

const noSimpleValue =
  'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.'
