import { forbiddenField, invalidValue, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { compileRegex } from '../../../machinery/linear-regex.js'
import { messageOf } from '../../../machinery/message-of.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { JSONSchemaProps } from '../v1/index.js'
import { isEmbedded, isIntOrString, itemsOf, keepsUnknown, valuesOf } from './structure.js'

type Level = 'root' | 'field' | 'item'

const places: { readonly [level in Level]: string } = {
  root: 'at the root',
  field: 'for specified object fields',
  item: 'for specified array items',
}

/** A schema is structural if it tells the type of every part, and its logic only restricts what is told. */
export function validateStructure(schema: JSONSchemaProps, path: FieldPath): FieldError[] {
  const errors = [...invariants(schema, path, 'root'), ...incomplete(schema, schema, path, path)]
  const text = ({ field, message }: FieldError): string => `${field}: ${message}`
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

function* invariants(schema: JSONSchemaProps, path: FieldPath, level: Level): Iterable<FieldError> {
  const { type = '', properties = {} } = schema
  const items = itemsOf(schema)
  if (type === 'array' && !items) yield required(path.child('items'), 'must be specified')
  if (items) yield* invariants(items, path.child('items'), 'item')
  for (const [name, property] of Object.entries(properties))
    yield* invariants(property, path.child('properties').key(name), 'field')
  const values = valuesOf(schema)
  const valuesPath = path.child('additionalProperties')
  if (schema.additionalProperties !== undefined && level === 'root')
    yield forbiddenField(valuesPath, 'must not be used at the root')
  if (values) yield* invariants(values, valuesPath, 'field')
  if (isIntOrString(schema)) yield* integerOrString(schema, path)
  yield* validations(schema, path, isIntegerOrStringChoice(schema.anyOf))
  yield* types(schema, path, level)
  if (level === 'root' || isEmbedded(schema)) yield* ownFields(properties, path.child('properties'), level)
  if (!isEmbedded(schema)) return
  if (schema.additionalProperties !== undefined)
    yield forbiddenField(valuesPath, 'must not be used if x-kubernetes-embedded-resource is set')
  if (!keepsUnknown(schema) && Object.keys(properties).length === 0)
    yield required(
      path.child('properties'),
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    )
}

function* integerOrString(schema: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  for (const word of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    if (schema[word]) yield invalidValue(path.child(word), true, 'must be false if x-kubernetes-int-or-string is true')
}

function* types(schema: JSONSchemaProps, path: FieldPath, level: Level): Iterable<FieldError> {
  const { type = '' } = schema
  const at = path.child('type')
  const embedded = 'must be object if x-kubernetes-embedded-resource is true'
  if (isEmbedded(schema) && type !== 'object') yield type ? invalidValue(at, type, embedded) : required(at, embedded)
  else if (!type && !isIntOrString(schema) && !keepsUnknown(schema))
    yield required(at, `must not be empty ${places[level]}`)
  if (level === 'root' && type && type !== 'object') yield invalidValue(at, type, 'must be object at the root')
}

/** What every object has: of its metadata, a schema may say what the name must be. */
function* ownFields(
  { metadata, apiVersion, kind }: NonNullable<JSONSchemaProps['properties']>,
  at: FieldPath,
  level: Level,
): Iterable<FieldError> {
  for (const [name, property] of Object.entries({ kind, apiVersion }))
    if (property && property.type !== 'string')
      yield invalidValue(at.key(name).child('type'), property.type ?? '', 'must be string')
  if (!metadata) return
  const here = at.key('metadata')
  if (metadata.type !== 'object') yield invalidValue(here.child('type'), metadata.type ?? '', 'must be object')
  const { properties = {}, type: _type, default: _default, example: _example, ...rest } = metadata
  const others = Object.keys(properties).filter(name => name !== 'name' && name !== 'generateName')
  if (level === 'root' && (others.length > 0 || Object.keys(rest).length > 0))
    yield forbiddenField(
      here,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    )
}

/** The one way to say "integer or string" in plain JSON schema. */
const isIntegerOrStringChoice = (parts: readonly JSONSchemaProps[] | undefined): boolean =>
  jsonEqual(parts, [{ type: 'integer' }, { type: 'string' }])

/** Checks the logic of a part; `skipsChoice` if its `anyOf` only says "integer or string". */
function* validations(schema: JSONSchemaProps, path: FieldPath, skipsChoice: boolean): Iterable<FieldError> {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema
  if (!skipsChoice) for (const [i, part] of anyOf.entries()) yield* nested(part, path.child('anyOf').index(i))
  for (const [i, part] of allOf.entries())
    yield* nested(part, path.child('allOf').index(i), i === 0 && isIntegerOrStringChoice(part.anyOf))
  for (const [i, part] of oneOf.entries()) yield* nested(part, path.child('oneOf').index(i))
  if (not) yield* nested(not, path.child('not'))
  if (!pattern) return
  try {
    compileRegex(pattern)
  } catch (error) {
    const fault = `must be a valid regular expression, but isn't: ${messageOf(error)}`
    yield invalidValue(path.child('pattern'), pattern, fault)
  }
}

/** Words that belong outside of logic. */
const outside: readonly (readonly [keyof JSONSchemaProps, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['externalDocs', 'must be undefined to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
]

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== '' && value !== false

/** Checks a part of the logic of a schema, and all below. */
function* nested(part: JSONSchemaProps, path: FieldPath, skipsChoice = false): Iterable<FieldError> {
  yield* validations(part, path, skipsChoice)
  const items = itemsOf(part)
  if (items) yield* nested(items, path.child('items'))
  for (const [name, property] of Object.entries(part.properties ?? {}))
    yield* nested(property, path.child('properties').key(name))
  for (const [word, detail] of outside)
    if (word === 'additionalProperties' ? part[word] !== undefined : isSet(part[word]))
      yield forbiddenField(path.child(word), detail)
  if (part.properties?.metadata)
    yield forbiddenField(path.child('properties').key('metadata'), 'must not be specified in a nested context')
}

/** What the logic at the root names, and the schema itself does not. */
function* incomplete(
  logic: JSONSchemaProps,
  outer: JSONSchemaProps,
  outerPath: FieldPath,
  path: FieldPath,
): Iterable<FieldError> {
  if (logic.not) yield* incompletePart(logic.not, outer, outerPath, path.child('not'))
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (logic[key] ?? []).entries())
      yield* incompletePart(part, outer, outerPath, path.child(key).index(i))
}

function* incompletePart(
  part: JSONSchemaProps,
  outer: JSONSchemaProps | undefined,
  outerPath: FieldPath,
  path: FieldPath,
): Iterable<FieldError> {
  if (!outer) {
    yield required(outerPath, `because it is defined in ${path}`)
    return
  }
  yield* incomplete(part, outer, outerPath, path)
  const items = itemsOf(part)
  if (items) yield* incompletePart(items, itemsOf(outer), outerPath.child('items'), path.child('items'))
  for (const [name, property] of Object.entries(part.properties ?? {})) {
    const [outerAt, at] = [outerPath.child('properties').key(name), path.child('properties').key(name)]
    yield* incompletePart(property, outer.properties?.[name], outerAt, at)
  }
}
