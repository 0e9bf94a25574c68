import { forbiddenField, invalidValue } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { compilePrune } from './prune.js'
import { compileRules } from './rules.js'
import { itemsOf, valuesOf } from './structure.js'
import { compileListCheck } from './validate-lists.js'
import { compileCheck } from './validate-value.js'

/** A default must be a value that the schema allows. */
export function validateDefaults(schema: JSONSchemaProps, path: FieldPath, isRoot = true): FieldError[] {
  const errors: FieldError[] = []
  if (schema.default !== undefined) errors.push(...validateDefault(schema, path.child('default'), isRoot))
  const items = itemsOf(schema)
  if (items) errors.push(...validateDefaults(items, path.child('items'), false))
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isRoot && name === 'metadata') continue
    errors.push(...validateDefaults(property, path.child('properties').key(name), false))
  }
  const values = valuesOf(schema)
  if (values) errors.push(...validateDefaults(values, path.child('additionalProperties'), false))
  return errors
}

function validateDefault(schema: JSONSchemaProps, path: FieldPath, isRoot: boolean): FieldError[] {
  const { default: value } = schema
  if (isRoot) return [forbiddenField(path, 'must not be set at the root')]
  const unknown: string[] = []
  compilePrune(schema)(value, '', field => unknown.push(field))
  if (unknown.length > 0) return [invalidValue(path, value, 'must not have unknown fields')]
  const found = [...compileCheck(schema)(value, ''), ...(compileListCheck(schema)?.(value, '') ?? [])]
  const rules = found.length === 0 ? (compileRules(schema)?.(value) ?? []) : []
  return [...found, ...rules].map(error => ({ ...error, field: below(path, error.field) }))
}

const below = (path: FieldPath, field: string): string => {
  if (field === '<nil>') return String(path)
  return `${path}${field.startsWith('[') ? '' : '.'}${field}`
}
