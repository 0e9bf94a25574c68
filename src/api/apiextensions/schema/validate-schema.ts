import { forbiddenField, invalidValue, notSupported, required } from '../../../machinery/field-errors.js'
import { goQuote } from '../../../machinery/go-format.js'
import { compileRegex } from '../../../machinery/linear-regex.js'
import { messageOf } from '../../../machinery/message-of.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { CustomResourceDefinitionVersion, JSONSchemaProps } from '../v1/index.js'
import { itemsOf, valuesOf } from './structure.js'
import { validateDefaults } from './validate-defaults.js'
import { RuleCosts, validateRules } from './validate-rules.js'
import { validateStructure } from './validate-structure.js'

type Validation = NonNullable<CustomResourceDefinitionVersion['schema']>

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
/** Words that a schema may have at its root when its status is validated apart from the rest. */
const rootFields = new Set([
  'description',
  'type',
  'format',
  'title',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'required',
  'items',
  'properties',
  'externalDocs',
  'example',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-validations',
])

/** Rules for the schema of a version: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
export function validateValidation(validation: Validation, hasStatus: boolean, path: FieldPath): FieldError[] {
  const schema = validation.openAPIV3Schema
  if (!schema) return []
  const at = path.child('openAPIV3Schema')
  const errors: FieldError[] = []
  if (hasStatus) {
    const unknown = Object.keys(schema).some(name => !rootFields.has(name))
    if (schema.type !== 'object')
      errors.push(
        invalidValue(
          at.child('type'),
          schema.type ?? '',
          'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
        ),
      )
    else if (unknown)
      errors.push(
        invalidValue(
          at,
          schema,
          `only [${[...rootFields].join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
        ),
      )
  }
  if (schema.nullable) errors.push(forbiddenField(at.child('nullable'), 'nullable cannot be true at the root'))
  const costs = new RuleCosts()
  errors.push(
    ...validatePart(schema, at, { isRoot: true, cardinality: 1, uncorrelatable: undefined, costs, rules: true }),
  )
  errors.push(...costs.errors(at))
  const structure = validateStructure(schema, at)
  errors.push(...structure)
  if (structure.length === 0) errors.push(...validateDefaults(schema, at))
  return errors
}

/** Where in the schema a part is, as far as its expressions are concerned. */
export interface Place {
  readonly isRoot: boolean
  /** How many of them an object can have; undefined if nothing but its size bounds that. */
  readonly cardinality: number | undefined
  /** The list within which items have no identity, so that there is no old value to compare with. */
  readonly uncorrelatable: FieldPath | undefined
  readonly costs: RuleCosts
  /** False within the schemas of `anyOf` and its like. */
  readonly rules: boolean
}

function validatePart(schema: JSONSchemaProps, path: FieldPath, place: Place): FieldError[] {
  const errors = [...unsupported(schema, path)]
  const inside = (part: JSONSchemaProps | undefined, at: FieldPath, change: Partial<Place> = {}): void => {
    if (part) errors.push(...validatePart(part, at, { ...place, isRoot: false, ...change }))
  }
  const logic: Partial<Place> = { rules: false }
  const values = valuesOf(schema)
  if (schema.additionalProperties !== undefined) {
    if (schema.properties && schema.additionalProperties !== true)
      errors.push(
        forbiddenField(path.child('additionalProperties'), 'additionalProperties and properties are mutual exclusive'),
      )
    inside(values, path.child('additionalProperties'), { cardinality: times(place.cardinality, schema.maxProperties) })
  }
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? { uncorrelatable: place.uncorrelatable ?? path } : {}
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    inside(property, path.child('properties').key(name), atomic)
  inside(schema.not, path.child('not'), logic)
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const)
    schema[key]?.forEach((part, i) => {
      inside(part, path.child(key).index(i), logic)
    })
  const itemsPath = path.child('items')
  const correlates = schema['x-kubernetes-list-type'] === 'map'
  inside(itemsOf(schema), itemsPath, {
    cardinality: times(place.cardinality, schema.maxItems),
    ...(correlates ? {} : { uncorrelatable: place.uncorrelatable ?? path }),
  })
  errors.push(...extensions(schema, path))
  if (schema['x-kubernetes-validations']?.length) errors.push(...validateRules(schema, path, place))
  return errors
}

const times = (cardinality: number | undefined, most: number | undefined): number | undefined =>
  cardinality === undefined || most === undefined ? undefined : cardinality * most

/** Words that JSON schema has and Kubernetes does not, and values that make no sense. */
function* unsupported(schema: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  const { type, id, additionalItems, patternProperties, definitions, dependencies, $ref, items, pattern } = schema
  if (schema.uniqueItems)
    yield forbiddenField(
      path.child('uniqueItems'),
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    )
  if (id) yield forbiddenField(path.child('id'), 'id is not supported')
  if (additionalItems !== undefined)
    yield forbiddenField(path.child('additionalItems'), 'additionalItems is not supported')
  if (patternProperties) yield forbiddenField(path.child('patternProperties'), 'patternProperties is not supported')
  if (definitions) yield forbiddenField(path.child('definitions'), 'definitions is not supported')
  if (dependencies) yield forbiddenField(path.child('dependencies'), 'dependencies is not supported')
  if ($ref !== undefined) yield forbiddenField(path.child('$ref'), '$ref is not supported')
  if (type === 'null')
    yield forbiddenField(path.child('type'), 'type cannot be set to null, use nullable as an alternative')
  else if (type && !types.includes(type)) yield notSupported(path.child('type'), type, types)
  if (Array.isArray(items)) yield forbiddenField(path.child('items'), 'items must be a schema object and not an array')
  if (pattern) {
    try {
      compileRegex(pattern)
    } catch (error) {
      const fault = `must be a valid regular expression, but isn't: ${messageOf(error)}`
      yield invalidValue(path.child('pattern'), pattern, fault)
    }
  }
}

/** The `x-kubernetes-` words. */
function* extensions(schema: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  const { type = '' } = schema
  const mapType = schema['x-kubernetes-map-type']
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const typeMust = (wanted: string, word: string): FieldError => {
    const detail = `must be ${wanted} if ${word} is specified`
    return type ? invalidValue(path.child('type'), type, detail) : required(path.child('type'), detail)
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    yield invalidValue(path.child('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined')
  if (mapType !== undefined && type !== 'object') yield typeMust('object', 'x-kubernetes-map-type')
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    yield notSupported(path.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular'])
  if (listType !== undefined && type !== 'array') yield typeMust('array', 'x-kubernetes-list-type')
  if (listType !== undefined && !['atomic', 'map', 'set'].includes(listType))
    yield notSupported(path.child('x-kubernetes-list-type'), listType, ['atomic', 'map', 'set'])
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const at = path.child('x-kubernetes-list-type')
    yield listType === undefined ? required(at, detail) : invalidValue(at, listType, detail)
  }
  if (listType === 'map') yield* mapKeys(schema, keys, path)
  const items = itemsOf(schema)
  if (listType === 'set' && items) yield* setItems(items, path.child('items'))
}

function* mapKeys(schema: JSONSchemaProps, keys: readonly string[], path: FieldPath): Iterable<FieldError> {
  const items = itemsOf(schema)
  if (keys.length === 0)
    yield required(path.child('x-kubernetes-list-map-keys'), 'must not be empty if x-kubernetes-list-type is map')
  if (!items) {
    yield required(path.child('items'), 'must have a schema if x-kubernetes-list-type is map')
    return
  }
  const at = path.child('items')
  if (items.type && items.type !== 'object')
    yield invalidValue(at.child('type'), items.type, "must be object if parent array's x-kubernetes-list-type is map")
  if (items.nullable)
    yield forbiddenField(at.child('nullable'), 'cannot be nullable when x-kubernetes-list-type is map')
  const seen = new Set<string>()
  for (const [i, key] of keys.entries()) {
    const property = items.properties?.[key]
    const keyPath = path.child('x-kubernetes-list-map-keys').index(i)
    if (!property) yield invalidValue(keyPath, key, 'must be the name of an item property')
    else if (property.type === 'array' || property.type === 'object')
      yield invalidValue(
        at.child('properties').key(key).child('type'),
        property.type,
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      )
    else if (property.default === undefined && !items.required?.includes(key))
      yield required(
        at.child('properties').key(key).child('default'),
        `this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      )
    if (seen.has(key))
      yield invalidValue(
        path.child('x-kubernetes-list-map-keys'),
        keys,
        `the list must not contain duplicate keys: ${goQuote(key)}`,
      )
    seen.add(key)
  }
}

function* setItems(items: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  if (items.nullable)
    yield forbiddenField(path.child('nullable'), 'cannot be nullable when x-kubernetes-list-type is set')
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    yield invalidValue(
      path.child('x-kubernetes-map-type'),
      items['x-kubernetes-map-type'] ?? null,
      'must be atomic as item of a list with x-kubernetes-list-type=set',
    )
  const listType = items['x-kubernetes-list-type']
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    yield invalidValue(
      path.child('x-kubernetes-list-type'),
      listType,
      'must be atomic as item of a list with x-kubernetes-list-type=set',
    )
}
