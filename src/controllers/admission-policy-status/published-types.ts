import { celTypeOf } from '../../api/apiextensions/schema/cel-types.js'
import type { JSONSchemaProps } from '../../api/apiextensions/v1/index.js'
import type { CelType } from '../../machinery/cel/index.js'
import type { GroupVersionKind } from '../../schema/index.js'

/** As much of a schema of OpenAPI v3 as is of interest. */
interface PublishedSchema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly properties?: { readonly [name: string]: PublishedSchema }
  readonly items?: PublishedSchema
  readonly additionalProperties?: PublishedSchema | boolean
  readonly allOf?: readonly PublishedSchema[]
  readonly oneOf?: readonly PublishedSchema[]
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[]
}

/** A document of OpenAPI v3, as servers publish one for every group and version. */
export interface PublishedDocument {
  readonly components?: { readonly schemas?: { readonly [name: string]: PublishedSchema } }
}

/** The type that expressions see of a kind's objects; undefined if the document does not tell of it. */
export function publishedType({ components }: PublishedDocument, gvk: GroupVersionKind): CelType | undefined {
  const schemas = components?.schemas ?? {}
  const schema = Object.values(schemas).find(one =>
    one['x-kubernetes-group-version-kind']?.some(
      ({ group, version, kind }) => group === gvk.group && version === gvk.version && kind === gvk.kind,
    ),
  )
  if (!schema) return undefined
  const whole = resolved(schema, schemas)
  // What does not publish its metadata has a name all the same.
  return celTypeOf(whole, whole.properties?.['metadata']?.properties?.['name'] === undefined)
}

const knownSchemas = new WeakMap<PublishedSchema, JSONSchemaProps>()

/** A schema with what it refers to in place of the references; looked up when asked for, since kinds may hold themselves. */
function resolved(published: PublishedSchema, schemas: { readonly [name: string]: PublishedSchema }): JSONSchemaProps {
  const schema = followed(published, schemas)
  const known = knownSchemas.get(schema)
  if (known) return known
  const { type, format, properties, items, additionalProperties } = schema
  const props: { -readonly [K in keyof JSONSchemaProps]: JSONSchemaProps[K] } = {
    ...(type ? { type } : {}),
    ...(format ? { format } : {}),
    ...marksOf(schema),
  }
  knownSchemas.set(schema, props)
  const lazily = <T extends object>(target: T, name: string, value: () => unknown) =>
    Object.defineProperty(target, name, { get: value, enumerable: true, configurable: true })
  if (properties) {
    const fields = {}
    for (const [name, field] of Object.entries(properties)) lazily(fields, name, () => resolved(field, schemas))
    props.properties = fields
  }
  if (items) lazily(props, 'items', () => resolved(items, schemas))
  if (typeof additionalProperties === 'object')
    lazily(props, 'additionalProperties', () => resolved(additionalProperties, schemas))
  return props
}

function followed(schema: PublishedSchema, schemas: { readonly [name: string]: PublishedSchema }): PublishedSchema {
  let found = schema
  for (let steps = 0; steps < maxSteps; steps++) {
    // A reference with a description or a default beside it is wrapped.
    const reference = found.$ref ?? (found.allOf?.length === 1 ? found.allOf[0]?.$ref : undefined)
    if (!reference) return found
    found = schemas[reference.slice(reference.lastIndexOf('/') + 1)] ?? {}
  }
  return {}
}

/** References to references, of which there are none in what servers publish. */
const maxSteps = 10

/** Quantities and whatever else has no one type may be anything. */
function marksOf({ type, format }: PublishedSchema): Partial<JSONSchemaProps> {
  if (format === 'int-or-string') return { 'x-kubernetes-int-or-string': true }
  return type ? {} : { 'x-kubernetes-preserve-unknown-fields': true }
}
