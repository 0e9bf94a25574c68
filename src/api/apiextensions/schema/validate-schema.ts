import { forbiddenField, invalidValue, notSupported, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import type { CustomResourceDefinitionVersion, JSONSchemaProps } from '../v1/index.js'
import { shownSchema } from '../v1/internal-form.js'
import { whyInconvertible } from './convertible.js'
import { isEmbedded, itemsOf, valuesOf } from './structure.js'
import { validateDefaults } from './validate-defaults.js'
import { RuleCosts, validateRules, validateRuleTexts } from './validate-rules.js'
import { validateStructure } from './validate-structure.js'

type Validation = NonNullable<CustomResourceDefinitionVersion['schema']>

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
/** Words that a schema may have at its root when its status is validated apart from the rest, by their names in Go. */
const rootFields = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
]
const isZero = (value: unknown): boolean => value === null || value === '' || value === false

/** Rules for the schema of a version: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
export function validateValidation(validation: Validation, hasStatus: boolean, path: FieldPath): FieldError[] {
  const schema = validation.openAPIV3Schema
  if (!schema) return []
  const at = path.child('openAPIV3Schema')
  const errors: FieldError[] = hasStatus ? validateRoot(schema, at) : []
  if (schema.nullable) errors.push(forbiddenField(at.child('nullable'), 'nullable cannot be true at the root'))
  const inconvertible = whyInconvertible(schema)
  const structural = inconvertible ? [] : validateStructure(schema, at)
  if (!inconvertible && structural.length === 0) structural.push(...validateDefaults(schema, at))
  errors.push(...structural)
  const costs = new RuleCosts()
  const found = validatePart(schema, at, {
    isRoot: true,
    cardinality: 1,
    uncorrelatable: undefined,
    costs,
    // Expressions are only looked at where the rest says what they are about.
    rules: !inconvertible && structural.length === 0,
    insideMetadata: false,
  })
  errors.push(...found.schema, ...found.rules)
  if (errors.length === 0 && inconvertible) errors.push(invalidValue(at, '', inconvertible))
  return [...errors, ...costs.errors(at)]
}

/** The status of objects is validated apart: at the root there must be nothing that would be lost by that. */
function validateRoot(schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  const shown = shownSchema(schema)
  if (schema.type && schema.type !== 'object')
    return [
      invalidValue(
        at.child('type'),
        schema.type,
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    ]
  return Object.entries(shown).every(([name, value]) => isZero(value) || rootFields.includes(name))
    ? []
    : [
        invalidValue(
          at,
          new Shown(goJson(shown)),
          `only [${rootFields.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`,
        ),
      ]
}

/** Where in the schema a part is, as far as its expressions are concerned. */
export interface Place {
  readonly isRoot: boolean
  /** How many of them an object can have; undefined if nothing but its size bounds that. */
  readonly cardinality: number | undefined
  /** The list within which items have no identity, so that there is no old value to compare with. */
  readonly uncorrelatable: FieldPath | undefined
  readonly costs: RuleCosts
  /** False within the schemas of `anyOf` and its like, and where the schema as a whole is not in order. */
  readonly rules: boolean
  /** The part says something about what every object has: its kind, version and metadata. */
  readonly insideMetadata: boolean
  /** Why there may be no default here. */
  readonly noDefault?: string
}

/** Faults of the schema itself, and of its expressions. */
interface Found {
  readonly schema: FieldError[]
  readonly rules: FieldError[]
}

const ownFields = new Set(['metadata', 'kind', 'apiVersion'])

function validatePart(schema: JSONSchemaProps, path: FieldPath, place: Place): Found {
  const found: Found = { schema: [...unsupported(schema, path, place)], rules: [] }
  const inside = (part: JSONSchemaProps | undefined, at: FieldPath, change: Partial<Place> = {}): void => {
    if (!part) return
    const below = validatePart(part, at, { ...place, isRoot: false, ...change })
    found.schema.push(...below.schema)
    found.rules.push(...below.rules)
  }
  if (schema.additionalProperties !== undefined) {
    if (schema.properties && schema.additionalProperties !== true)
      found.schema.push(
        forbiddenField(path.child('additionalProperties'), 'additionalProperties and properties are mutual exclusive'),
      )
    inside(valuesOf(schema), path.child('additionalProperties'), {
      cardinality: times(place.cardinality, schema.maxProperties),
      ...(place.insideMetadata ? { noDefault: 'inside additionalProperties applying to object metadata' } : {}),
    })
  }
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? { uncorrelatable: place.uncorrelatable ?? path } : {}
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isOwn = (place.isRoot || isEmbedded(schema)) && ownFields.has(name)
    inside(property, path.child('properties').key(name), {
      ...atomic,
      ...(isOwn ? { insideMetadata: true } : {}),
      ...(isOwn && place.isRoot ? { noDefault: `in top-level ${name}` } : {}),
    })
  }
  const logic: Partial<Place> = { rules: false }
  inside(schema.not, path.child('not'), logic)
  for (const key of ['allOf', 'oneOf', 'anyOf'] as const)
    schema[key]?.forEach((part, i) => {
      inside(part, path.child(key).index(i), logic)
    })
  const correlates = schema['x-kubernetes-list-type'] === 'map'
  inside(itemsOf(schema), path.child('items'), {
    cardinality: times(place.cardinality, schema.maxItems),
    ...(correlates ? {} : { uncorrelatable: place.uncorrelatable ?? path }),
  })
  found.schema.push(...extensions(schema, path), ...validateRuleTexts(schema, path))
  if (place.rules && found.schema.length === 0) found.rules.push(...validateRules(schema, path, place))
  return found
}

const times = (cardinality: number | undefined, most: number | undefined): number | undefined =>
  cardinality === undefined || most === undefined ? undefined : cardinality * most

/** Words that JSON schema has and Kubernetes does not, and values that make no sense. */
function* unsupported(schema: JSONSchemaProps, path: FieldPath, place: Place): Iterable<FieldError> {
  const { type, id, additionalItems, patternProperties, definitions, dependencies, $ref, items } = schema
  if (type && !types.includes(type)) yield notSupported(path.child('type'), type, types)
  if (schema.default !== undefined && place.noDefault)
    yield forbiddenField(path.child('default'), `must not be set ${place.noDefault}`)
  if (id) yield forbiddenField(path.child('id'), 'id is not supported')
  if (additionalItems !== undefined)
    yield forbiddenField(path.child('additionalItems'), 'additionalItems is not supported')
  if (patternProperties) yield forbiddenField(path.child('patternProperties'), 'patternProperties is not supported')
  if (definitions) yield forbiddenField(path.child('definitions'), 'definitions is not supported')
  if (dependencies) yield forbiddenField(path.child('dependencies'), 'dependencies is not supported')
  if ($ref !== undefined) yield forbiddenField(path.child('$ref'), '$ref is not supported')
  if (type === 'null')
    yield forbiddenField(path.child('type'), 'type cannot be set to null, use nullable as an alternative')
  if (Array.isArray(items)) yield forbiddenField(path.child('items'), 'items must be a schema object and not an array')
  if (place.insideMetadata && isEmbedded(schema))
    yield forbiddenField(path.child('x-kubernetes-embedded-resource'), 'must not be used inside of resource meta')
  if (schema.uniqueItems)
    yield forbiddenField(
      path.child('uniqueItems'),
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    )
}

/** The `x-kubernetes-` words. */
function* extensions(schema: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  const { type = '' } = schema
  const mapType = schema['x-kubernetes-map-type']
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const items = itemsOf(schema)
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
  else if (listType === 'set' && items) yield* setItems(items, path.child('items'))
  if (listType !== undefined && !listTypes.includes(listType))
    yield notSupported(path.child('x-kubernetes-list-type'), listType, listTypes)
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    const at = path.child('x-kubernetes-list-type')
    yield listType === undefined ? required(at, detail) : invalidValue(at, listType, detail)
  }
  if (listType === 'map') yield* mapKeys(schema, keys, path)
  if ((listType === 'map' || listType === 'set') && items?.nullable)
    yield forbiddenField(
      path.child('items', 'nullable'),
      `cannot be nullable when x-kubernetes-list-type is ${listType}`,
    )
  if (listType === 'map' && items) yield* mapKeyValues(items, keys, path.child('items', 'properties'))
}

const listTypes = ['atomic', 'set', 'map']

function* mapKeys(schema: JSONSchemaProps, keys: readonly string[], path: FieldPath): Iterable<FieldError> {
  const items = itemsOf(schema)
  const at = path.child('x-kubernetes-list-map-keys')
  if (keys.length === 0) yield required(at, 'must not be empty if x-kubernetes-list-type is map')
  if (!items) {
    if (schema.items === undefined)
      yield required(path.child('items'), 'must have a schema if x-kubernetes-list-type is map')
    return
  }
  if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map"
    yield invalidValue(path.child('items', 'type'), items.type ?? '', detail)
    return
  }
  const seen = new Set<string>()
  for (const key of keys) {
    const type = items.properties?.[key]?.type
    if (type === 'array' || type === 'object')
      yield invalidValue(
        path.child('items', 'properties').key(key).child('type'),
        items.type,
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      )
    if (!items.properties?.[key]) yield invalidValue(at, keys, 'entries must all be names of item properties')
    if (seen.has(key)) yield invalidValue(at, keys, 'must not contain duplicate entries')
    seen.add(key)
  }
}

/** What identifies an item must always be there. */
function* mapKeyValues(items: JSONSchemaProps, keys: readonly string[], path: FieldPath): Iterable<FieldError> {
  const inKeys = 'this property is in x-kubernetes-list-map-keys, so it'
  for (const key of keys) {
    const property = items.properties?.[key]
    if (property && property.default === undefined && !items.required?.includes(key))
      yield required(path.key(key).child('default'), `${inKeys} must have a default or be a required property`)
    if (property?.nullable) yield forbiddenField(path.key(key).child('nullable'), `${inKeys} cannot be nullable`)
  }
}

function* setItems(items: JSONSchemaProps, path: FieldPath): Iterable<FieldError> {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set'
  const listType = items['x-kubernetes-list-type']
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    yield invalidValue(path.child('x-kubernetes-list-type'), listType, detail)
  // Upstream shows the type of the list, whatever the type of the map is.
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    yield invalidValue(path.child('x-kubernetes-map-type'), listType ?? null, detail)
}
