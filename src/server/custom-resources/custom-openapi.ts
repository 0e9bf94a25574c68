import { isEmbedded, isIntOrString, keepsUnknown } from '../../api/apiextensions/schema/structure.js'
import type { JSONSchemaProps } from '../../api/apiextensions/v1/index.js'
import { describe } from '../../api/descriptions.js'
import { ObjectMeta, Status } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import { type Kind, type OpenApiSchema, openApiName } from '../../schema/index.js'

type Dialect = 'v2' | 'v3'

const prefixes = { v2: '#/definitions/', v3: '#/components/schemas/' } as const

/** What OpenAPI says of a custom resource: its schema with the fields that every object has. */
export function publishedSchemas(
  kind: Kind<ApiObject>,
  schema: JSONSchemaProps,
): { readonly v2: OpenApiSchema; readonly v3: OpenApiSchema } {
  let v2: OpenApiSchema | undefined
  let v3: OpenApiSchema | undefined
  // Made when somebody asks: most definitions come and go unread.
  return {
    get v2() {
      return (v2 ??= published(kind, schema, 'v2'))
    },
    get v3() {
      return (v3 ??= published(kind, schema, 'v3'))
    },
  }
}

function published({ gvk }: Kind<ApiObject>, schema: JSONSchemaProps, dialect: Dialect): OpenApiSchema {
  // Old clients cannot read schemas that keep what they do not name, so they are told nothing.
  const shown = dialect === 'v2' && keepsUnknown(schema) ? {} : converted(schema, dialect)
  const properties = (shown['properties'] ?? {}) as OpenApiSchema
  const meta = { $ref: `${prefixes[dialect]}${openApiName(ObjectMeta.name)}` }
  const standard =
    "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
  return {
    ...shown,
    type: 'object',
    ...(Object.keys(properties).length > 0 || !keepsUnknown(schema) || dialect === 'v3'
      ? { properties: { ...properties, ...identity, metadata: metadata(meta, standard, dialect) } }
      : {}),
    'x-kubernetes-group-version-kind': [{ group: gvk.group, kind: gvk.kind, version: gvk.version }],
  }
}

const metadata = (meta: OpenApiSchema, description: string, dialect: Dialect): OpenApiSchema =>
  dialect === 'v3' ? { allOf: [meta], description } : { ...meta, description }

const described = (field: string): OpenApiSchema => {
  const description = describe(openApiName(Status.name), field)
  return { ...(description ? { description } : {}), type: 'string' }
}

const identity: OpenApiSchema = {
  get apiVersion() {
    return described('apiVersion')
  },
  get kind() {
    return described('kind')
  },
}

/** Words of JSON schema that OpenAPI v2 does not have. */
const unknownToV2 = new Set(['oneOf', 'anyOf', 'not', 'nullable', 'default'])

function converted(schema: JSONSchemaProps, dialect: Dialect): OpenApiSchema {
  const result: { [key: string]: unknown } = {}
  const map = (schemas: { readonly [name: string]: JSONSchemaProps }) =>
    Object.fromEntries(Object.entries(schemas).map(([name, property]) => [name, converted(property, dialect)]))
  for (const [key, value] of Object.entries(schema)) {
    if (value === undefined || (dialect === 'v2' && unknownToV2.has(key))) continue
    if (key === 'properties') result[key] = map(value as { readonly [name: string]: JSONSchemaProps })
    else if (key === 'items' || key === 'additionalProperties' || key === 'not')
      result[key] = typeof value === 'object' ? converted(value as JSONSchemaProps, dialect) : value
    else if (key === 'allOf' || key === 'oneOf' || key === 'anyOf')
      result[key] = (value as readonly JSONSchemaProps[]).map(part => converted(part, dialect))
    else result[key] = value
  }
  if (dialect === 'v2') simplify(result, schema)
  if (isEmbedded(schema)) {
    const meta = { $ref: `${prefixes[dialect]}${openApiName(ObjectMeta.name)}` }
    result['properties'] = { ...(result['properties'] as object | undefined), ...identity, metadata: meta }
  }
  return result
}

/** kubectl validates by v2, so what v2 cannot say must not be said in part. */
function simplify(result: { [key: string]: unknown }, schema: JSONSchemaProps): void {
  if (isIntOrString(schema)) result['x-kubernetes-int-or-string'] = true
  if (schema.nullable) delete result['type']
  if (keepsUnknown(schema)) {
    delete result['properties']
    delete result['items']
  }
}
