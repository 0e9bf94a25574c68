import type { OpenApiSchema } from '../../../schema/index.js'
import type { PartV2 } from './merge-v2.js'

type Json = { readonly [member: string]: unknown }

const methods = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch'])
const definitions = '#/definitions/'

/** A part of an OpenAPI v2 document as a document of v3. */
export const v3OfV2 = (part: PartV2): OpenApiSchema => ({
  openapi: '3.0.0',
  info: { title: 'Kubernetes', version: 'unversioned' },
  paths: mapped(part.paths, item => ({
    ...mapped(
      pick(item, name => methods.has(name)),
      operation => operationOf(operation, part),
    ),
    ...parametersOf(item, part).others,
  })),
  components: { schemas: referring(part.definitions) },
})

function operationOf(operation: Json, part: PartV2): Json {
  const { consumes, produces, parameters: _, schemes: _schemes, responses = {}, ...kept } = operation
  const { others, body } = parametersOf(operation, part)
  return {
    ...referring(kept),
    ...others,
    ...(body
      ? {
          requestBody: {
            ...pick(body, name => name === 'description' || name === 'required'),
            content: contentOf(consumes, body['schema']),
          },
        }
      : {}),
    responses: mapped(responses as Json, ({ schema, description }) => ({
      description,
      ...(schema === undefined ? {} : { content: contentOf(produces, schema) }),
    })),
  }
}

/** The parameters of an operation or of all of a path, references among them followed; the body is one of v2's alone. */
function parametersOf({ parameters }: Json, part: PartV2) {
  if (!Array.isArray(parameters)) return { others: {}, body: undefined }
  const all = (parameters as readonly Json[]).map(parameter => {
    const { $ref } = parameter
    const [, name = ''] = (typeof $ref === 'string' && /^#\/parameters\/(.+)$/s.exec($ref)) || []
    return (name ? part.parameters[name] : undefined) ?? parameter
  }) as readonly Json[]
  const others = all
    .filter(parameter => parameter['in'] !== 'body')
    .map(parameter => {
      const shown = new Set(['name', 'in', 'description', 'required'])
      return { ...pick(parameter, name => shown.has(name)), schema: pick(parameter, name => !shown.has(name)) }
    })
  return {
    others: others.length > 0 ? { parameters: others } : {},
    body: all.find(({ in: where }) => where === 'body'),
  }
}

function contentOf(types: unknown, schema: unknown): Json {
  const listed = Array.isArray(types) && types.length > 0 ? types : ['*/*']
  return Object.fromEntries(listed.map(type => [String(type), { schema: referring(schema) }]))
}

/** A copy in which references lead where v3 has its schemas. */
function referring<T>(value: T): T {
  if (Array.isArray(value)) return value.map(referring) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [
      member,
      member === '$ref' && typeof inner === 'string' && inner.startsWith(definitions)
        ? `#/components/schemas/${inner.slice(definitions.length)}`
        : referring(inner),
    ]),
  ) as T
}

const mapped = (members: object, map: (value: Json) => object): Json =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, map((value ?? {}) as Json)]))

const pick = (members: object, wanted: (name: string) => boolean): Json =>
  Object.fromEntries(Object.entries(members).filter(([name]) => wanted(name)))
