import { forbiddenField, invalidValue, required } from '../../../machinery/field-errors.js'
import { type FieldPath, root } from '../../../machinery/path.js'
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
  return [...structure(schema, path, 'root'), ...logicOf(schema, path)]
}

function* structure(schema: JSONSchemaProps, path: FieldPath, level: Level): Iterable<FieldError> {
  const items = itemsOf(schema)
  if (items) yield* structure(items, path.child('items'), 'item')
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* structure(property, path.child('properties').key(name), 'field')
  const values = valuesOf(schema)
  if (values) yield* structure(values, path.child('additionalProperties'), 'field')
  yield* types(schema, path, level)
  if (isEmbedded(schema) || level === 'root') yield* metadata(schema, path)
  if (isEmbedded(schema) && !keepsUnknown(schema) && !Object.keys(schema.properties ?? {}).length)
    yield required(
      path.child('properties'),
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    )
  if (items && level !== 'root' && schema.type !== 'array' && schema.type)
    yield forbiddenField(path.child('items'), 'must not be set if type is not array')
}

function* types(schema: JSONSchemaProps, path: FieldPath, level: Level): Iterable<FieldError> {
  const { type = '' } = schema
  const at = path.child('type')
  const open = keepsUnknown(schema)
  if (type === 'array' && !itemsOf(schema)) yield required(path.child('items'), 'must be specified')
  if (level === 'root') {
    if (!type) yield required(at, `must not be empty ${places.root}`)
    else if (type !== 'object') yield invalidValue(at, type, 'must be object at the root')
    if (isIntOrString(schema))
      yield forbiddenField(path.child('x-kubernetes-int-or-string'), 'must be false at the root')
    return
  }
  if (isIntOrString(schema)) {
    if (type) yield invalidValue(at, type, 'must be empty if x-kubernetes-int-or-string is true')
    return
  }
  if (!type && !open) yield required(at, `must not be empty ${places[level]}`)
  if (isEmbedded(schema) && type !== 'object')
    yield type
      ? invalidValue(at, type, 'must be object if x-kubernetes-embedded-resource is true')
      : required(at, 'must be object if x-kubernetes-embedded-resource is true')
  else if (open && type && type !== 'object')
    yield invalidValue(at, type, 'must be object if x-kubernetes-preserve-unknown-fields is true')
}

/** Of an object's metadata, a schema may say what its name must be. */
function* metadata({ properties = {} }: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  const { metadata, apiVersion, kind } = properties
  const at = path.child('properties')
  for (const [name, property] of Object.entries({ apiVersion, kind }))
    if (property && property.type !== 'string')
      yield invalidValue(at.key(name).child('type'), property.type ?? '', 'must be string')
  if (!metadata) return
  if (metadata.type !== 'object')
    yield invalidValue(at.key('metadata').child('type'), metadata.type ?? '', 'must be object')
  const allowed = new Set(['name', 'generateName'])
  const { properties: fields = {}, type: _type, description: _description, ...rest } = metadata
  if (Object.keys(fields).some(name => !allowed.has(name)) || Object.keys(rest).length > 0)
    yield forbiddenField(
      at.key('metadata'),
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    )
}

/** Words that belong outside of logic. */
const outside: readonly (readonly [keyof JSONSchemaProps, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['description', 'must be empty to be structural'],
  ['title', 'must be empty to be structural'],
  ['default', 'must be undefined to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
]

/** Checks the logic of a schema and of all its parts. */
function* logicOf(schema: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, part] of (schema[key] ?? []).entries())
      yield* nested(part, schema, path.child(key).index(i), root.child(String(path)), isIntOrString(schema))
  if (schema.not) yield* nested(schema.not, schema, path.child('not'), path, false)
  const items = itemsOf(schema)
  if (items) yield* logicOf(items, path.child('items'))
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* logicOf(property, path.child('properties').key(name))
  const values = valuesOf(schema)
  if (values) yield* logicOf(values, path.child('additionalProperties'))
}

function* nested(
  part: JSONSchemaProps,
  outer: JSONSchemaProps,
  path: FieldPath,
  outerPath: FieldPath,
  intOrString: boolean,
): Iterable<FieldError> {
  for (const [word, detail] of outside) {
    // The one way to say "integer or string" in plain JSON schema.
    if (word === 'type' && intOrString && (part.type === 'integer' || part.type === 'string')) continue
    if (part[word] !== undefined && part[word] !== '' && part[word] !== false)
      yield forbiddenField(path.child(word), detail)
  }
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const)
    for (const [i, deeper] of (part[key] ?? []).entries())
      yield* nested(deeper, outer, path.child(key).index(i), outerPath, intOrString)
  if (part.not) yield* nested(part.not, outer, path.child('not'), outerPath, false)
  for (const [name, property] of Object.entries(part.properties ?? {})) {
    const declared = outer.properties?.[name]
    const at = path.child('properties').key(name)
    const outerAt = outerPath.child('properties').key(name)
    if (declared) yield* nested(property, declared, at, outerAt, isIntOrString(declared))
    else if (!valuesOf(outer) && !keepsUnknown(outer)) yield required(outerAt, `because it is defined in ${at}`)
  }
  const items = itemsOf(part)
  const declared = itemsOf(outer)
  if (items && declared)
    yield* nested(items, declared, path.child('items'), outerPath.child('items'), isIntOrString(declared))
  else if (items) yield required(outerPath.child('items'), `because it is defined in ${path.child('items')}`)
}
