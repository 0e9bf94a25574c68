import type { AnySchema, Field, GroupVersionKind, ListSchema, MessageSchema, Scalar, ScalarKind } from './types.js'
import { jsonFields, type ResolvedSchema, resolve } from './walk.js'
import { zeroScalar } from './zero.js'

/** A schema object of OpenAPI, as JSON. */
export interface OpenApiSchema {
  readonly [key: string]: unknown
}

export interface OpenApiOptions {
  /** The description of a message (by OpenAPI name), or of one of its fields. */
  readonly describe?: (name: string, field?: string) => string | undefined
  /** The kinds a message serves as, where that is not the one it declares (DeleteOptions is one of every group). */
  readonly kinds?: (message: MessageSchema) => readonly GroupVersionKind[] | undefined
}

type Dialect = 'v2' | 'v3'

/** `k8s.io.api.core.v1.Pod` is called `io.k8s.api.core.v1.Pod`; what protobuf spells with `_`, OpenAPI spells with `-`. */
export function openApiName(protobufName: string): string {
  const dashed = protobufName.replaceAll('_', '-')
  return dashed.startsWith('k8s.io.') ? `io.k8s.${dashed.slice('k8s.io.'.length)}` : dashed
}

/** The definition of a message in OpenAPI v2, without those it refers to. Defaults are not published there. */
export const openapiV2Definition = (message: MessageSchema, options: OpenApiOptions = {}): OpenApiSchema =>
  messageSchema(message, 'v2', options)

/** The component schema of a message in OpenAPI v3, without those it refers to. */
export const openapiV3Schema = (message: MessageSchema, options: OpenApiOptions = {}): OpenApiSchema =>
  messageSchema(message, 'v3', options)

/** The OpenAPI v2 definitions of messages and of all they refer to, by name, sorted. */
export const openapiV2Definitions = (messages: Iterable<MessageSchema>, options: OpenApiOptions = {}) =>
  closure(messages, 'v2', options)

/** The OpenAPI v3 component schemas of messages and of all they refer to, by name, sorted. */
export const openapiV3Schemas = (messages: Iterable<MessageSchema>, options: OpenApiOptions = {}) =>
  closure(messages, 'v3', options)

function closure(
  messages: Iterable<MessageSchema>,
  dialect: Dialect,
  options: OpenApiOptions,
): { readonly [name: string]: OpenApiSchema } {
  const schemas = new Map<string, OpenApiSchema>()
  const add = (message: MessageSchema): void => {
    const name = openApiName(message.name)
    if (schemas.has(name)) return
    schemas.set(name, messageSchema(message, dialect, options))
    if (message.choice) return
    for (const { field } of jsonFields(message)) {
      const leaf = leafOf(field.schema)
      if (leaf.kind === 'message') add(leaf)
      else {
        const named = namedScalars[leaf.kind]
        if (named) schemas.set(named.name, described(named[dialect], options.describe?.(named.name)))
      }
    }
  }
  for (const message of messages) add(message)
  return Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What lists and maps of a field come down to. */
function leafOf(schema: AnySchema): Scalar | MessageSchema {
  const resolved = resolve(schema)
  if (resolved.kind === 'list') return leafOf(resolved.item)
  if (resolved.kind === 'map') return leafOf(resolved.value)
  return resolved
}

interface NamedScalar {
  readonly name: string
  readonly v2: OpenApiSchema
  readonly v3: OpenApiSchema
}

const both = (name: string, schema: OpenApiSchema): NamedScalar => ({ name, v2: schema, v3: schema })

/** Scalars that are definitions of their own. */
const namedScalars: { readonly [K in ScalarKind]?: NamedScalar } = {
  time: both('io.k8s.apimachinery.pkg.apis.meta.v1.Time', { type: 'string', format: 'date-time' }),
  microTime: both('io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime', { type: 'string', format: 'date-time' }),
  duration: both('io.k8s.apimachinery.pkg.apis.meta.v1.Duration', { type: 'string' }),
  fieldsV1: both('io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1', { type: 'object' }),
  rawExtension: both('io.k8s.apimachinery.pkg.runtime.RawExtension', { type: 'object' }),
  json: both('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON', {}),
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
    v2: { type: 'string' },
    v3: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  intOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    v2: { type: 'string', format: 'int-or-string' },
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
}

/** The names of scalars that are definitions of their own: times, quantities and the like. */
export const namedScalarNames: readonly string[] = Object.values(namedScalars).map(({ name }) => name)

const plainScalars: { readonly [K in ScalarKind]?: OpenApiSchema } = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  uint32: { type: 'integer', format: 'int64' },
  uint64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  binary: { type: 'string', format: 'byte' },
}

/** Plain scalars that Go holds by value, whose zero is published as their default. */
const hasZeroDefault = (kind: ScalarKind) => kind in plainScalars && kind !== 'bytes' && kind !== 'binary'

function described(schema: OpenApiSchema, description: string | undefined): OpenApiSchema {
  return description === undefined ? schema : { description, ...schema }
}

function messageSchema(message: MessageSchema, dialect: Dialect, options: OpenApiOptions): OpenApiSchema {
  const name = openApiName(message.name)
  const description = options.describe?.(name)
  if (message.choice) return described({}, description)
  const fields = jsonFields(message)
  const properties = fields
    .map(({ name: key, field }) => [key, property(field, dialect, options.describe?.(name, key))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const required = fields.filter(({ field }) => isRequired(field)).map(entry => entry.name)
  const kinds = options.kinds?.(message) ?? (message.gvk ? [message.gvk] : [])
  return described(
    {
      type: 'object',
      ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
      ...(required.length > 0 && { required }),
      ...(kinds.length > 0 && {
        'x-kubernetes-group-version-kind': kinds.map(({ group, kind, version }) => ({ group, kind, version })),
      }),
      ...(message.atomic && { 'x-kubernetes-map-type': 'atomic' }),
      ...(message.unions && {
        'x-kubernetes-unions': message.unions.map(({ discriminator, fields: named }) => ({
          ...(discriminator !== undefined && { discriminator }),
          'fields-to-discriminateBy': named,
        })),
      }),
    },
    description,
  )
}

const isRequired = (field: Field<AnySchema>) => field.required ?? field.presence === 'required'

function property(field: Field<AnySchema>, dialect: Dialect, description: string | undefined): OpenApiSchema {
  const schema = resolve(field.schema)
  const extras = {
    ...(dialect === 'v3' && defaultOf(field, schema)),
    ...(field.patch && { 'x-kubernetes-patch-strategy': field.patch }),
    ...(schema.kind === 'list' && listExtensions(schema)),
    ...(field.listType && { 'x-kubernetes-list-type': field.listType }),
    ...(schema.kind === 'map' && schema.atomic && { 'x-kubernetes-map-type': 'atomic' }),
    ...(field.granular && { 'x-kubernetes-map-type': 'granular' }),
  }
  return described({ ...shape(schema, dialect, field.enum, true), ...extras }, description)
}

function listExtensions({ semantics: { type, keys, patch, patchKey } }: ListSchema): OpenApiSchema {
  return {
    ...(keys.length > 0 && { 'x-kubernetes-list-map-keys': keys }),
    ...(type !== 'none' && { 'x-kubernetes-list-type': type }),
    ...(patchKey !== undefined && { 'x-kubernetes-patch-merge-key': patchKey }),
    ...(patch !== undefined && { 'x-kubernetes-patch-strategy': patch }),
  }
}

/** The default as a spreadable object: the declared one, or the zero value of what JSON always shows. */
function defaultOf(field: Field<AnySchema>, schema: ResolvedSchema): OpenApiSchema {
  if (field.default !== undefined) return { default: field.default }
  if (field.nullable || (field.presence !== 'required' && field.presence !== 'embedded')) return {}
  return zeroDefault(schema)
}

function zeroDefault(schema: ResolvedSchema): OpenApiSchema {
  if (schema.kind === 'message') return schema.choice ? {} : { default: {} }
  if (schema.kind === 'list' || schema.kind === 'map' || !hasZeroDefault(schema.kind)) return {}
  return { default: zeroScalar(schema) }
}

/** A value's schema without what only its field knows. Where siblings may follow, v3 wraps references in `allOf`. */
function shape(
  schema: ResolvedSchema,
  dialect: Dialect,
  values: readonly string[] | undefined,
  hasSiblings: boolean,
): OpenApiSchema {
  switch (schema.kind) {
    case 'message':
      return reference(openApiName(schema.name), dialect, hasSiblings)
    case 'list':
      return { type: 'array', items: element(schema.item, dialect, values) }
    case 'map':
      return { type: 'object', additionalProperties: element(schema.value, dialect, values) }
    default: {
      const named = namedScalars[schema.kind]
      if (named) return reference(named.name, dialect, hasSiblings)
      return { ...plainScalars[schema.kind], ...(values && { enum: values }) }
    }
  }
}

function element(schema: AnySchema, dialect: Dialect, values: readonly string[] | undefined): OpenApiSchema {
  const resolved = resolve(schema)
  const zero = dialect === 'v3' ? zeroDefault(resolved) : {}
  return { ...shape(resolved, dialect, values, 'default' in zero), ...zero }
}

function reference(name: string, dialect: Dialect, hasSiblings: boolean): OpenApiSchema {
  if (dialect === 'v2') return { $ref: `#/definitions/${name}` }
  const plain = { $ref: `#/components/schemas/${name}` }
  return hasSiblings ? { allOf: [plain] } : plain
}
