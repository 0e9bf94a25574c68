import { describe } from '../../../api/descriptions.js'
import { ListMeta, ObjectMeta, Status } from '../../../machinery/meta/index.js'
import type { Resource } from '../../../machinery/resource.js'
import {
  type MessageSchema,
  type OpenApiOptions,
  type OpenApiSchema,
  openApiName,
  openapiV2Definitions,
  openapiV3Schemas,
} from '../../../schema/index.js'
import type { Paths, Shape } from './operation.js'
import { kindsOfMessage } from './scheme-kinds.js'

export type Dialect = 'v2' | 'v3'

const options: OpenApiOptions = { describe, kinds: kindsOfMessage }

/** The definitions that operations and custom resources refer to, by name, sorted. */
export function definitionsFor(
  paths: Paths,
  resources: readonly Resource[],
  dialect: Dialect,
): { readonly [name: string]: OpenApiSchema } {
  const custom = resources.filter(({ openApi }) => openApi)
  const messages = new Set<MessageSchema>()
  const add = (shape: Shape | undefined): void => {
    if (typeof shape === 'object' && 'kind' in shape) messages.add(shape)
  }
  for (const operations of Object.values(paths))
    for (const { body, answers } of operations) {
      add(body?.shape)
      for (const { shape } of Object.values(answers)) add(shape)
    }
  // What the schemas of custom resources refer to.
  if (custom.length > 0) for (const message of [ObjectMeta, ListMeta, Status]) add(message as unknown as MessageSchema)
  const own = dialect === 'v2' ? openapiV2Definitions(messages, options) : openapiV3Schemas(messages, options)
  if (custom.length === 0) return own
  const all = { ...own, ...Object.fromEntries(custom.flatMap(resource => customDefinitions(resource, dialect))) }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A reference to a definition, or the schema of plain text. */
export function schemaOf(shape: Shape, dialect: Dialect): OpenApiSchema {
  if (shape === 'text') return { type: 'string' }
  const name = 'definition' in shape ? shape.definition : openApiName(shape.name)
  return { $ref: `${prefixes[dialect]}${name}` }
}

const prefixes = { v2: '#/definitions/', v3: '#/components/schemas/' } as const

/** The published schema of a custom resource, and that of its list, which is the same for all. */
function customDefinitions({ kind, openApi }: Resource, dialect: Dialect): [string, OpenApiSchema][] {
  if (!openApi) return []
  const name = openApiName(kind.name)
  const identity = openApiName(Status.name)
  const meta = schemaOf(ListMeta as unknown as MessageSchema, dialect)
  const described = (field: string) => {
    const description = describe(identity, field)
    return { ...(description ? { description } : {}), type: 'string' }
  }
  const list: OpenApiSchema = {
    description: `${kind.gvk.kind}List is a list of ${kind.gvk.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: described('apiVersion'),
      items: {
        description: `List of ${kind.plural}.`,
        type: 'array',
        items: { $ref: `${prefixes[dialect]}${name}` },
      },
      kind: described('kind'),
      metadata: dialect === 'v3' ? { allOf: [meta] } : meta,
    },
    'x-kubernetes-group-version-kind': [
      { group: kind.gvk.group, kind: `${kind.gvk.kind}List`, version: kind.gvk.version },
    ],
  }
  return [
    [name, openApi[dialect]],
    [`${name}List`, list],
  ]
}
