import { listOf } from '../../machinery/meta/index.js'
import type { Resource, Subresource, Verb } from '../../machinery/resource.js'
import { type Kind, type MessageSchema, openApiName } from '../../schema/index.js'

/** An operation's or parameter's description in OpenAPI v3. */
type Json = { readonly [key: string]: unknown }

/** Upstream's names for what an operation does, by verb. */
const actions: { readonly [verb in Verb]: string } = {
  create: 'post',
  delete: 'delete',
  deletecollection: 'deletecollection',
  get: 'get',
  list: 'list',
  patch: 'patch',
  update: 'put',
  watch: 'watchlist',
}

const query = (name: string, type: 'string' | 'boolean' | 'integer', description: string): Json => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
})

const dryRun = query('dryRun', 'string', 'Only go through the motions: `All` lets nothing be stored.')
const fieldManager = query('fieldManager', 'string', 'The name under which the written fields are recorded.')
const fieldValidation = query(
  'fieldValidation',
  'string',
  'What to do about unknown and duplicate fields: `Strict` refuses, `Warn` warns, `Ignore` does nothing.',
)
const force = query('force', 'boolean', 'Take over fields that other managers own (server-side apply).')
const writing = [dryRun, fieldManager, fieldValidation]
const selecting = [
  query('labelSelector', 'string', 'Only objects whose labels match.'),
  query('fieldSelector', 'string', 'Only objects whose fields match.'),
  query('limit', 'integer', 'At most so many objects; `continue` in the answer leads on.'),
  query('continue', 'string', 'Where the last page ended.'),
  query('resourceVersion', 'string', 'The version to show.'),
  query('resourceVersionMatch', 'string', 'How exactly `resourceVersion` is meant.'),
  query('timeoutSeconds', 'integer', 'When the server ends the call.'),
  query('watch', 'boolean', 'Send changes as they come.'),
  query('allowWatchBookmarks', 'boolean', 'Tell from time to time how far the watch has come.'),
  query('sendInitialEvents', 'boolean', 'Begin a watch with what is there.'),
]
const deleting = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'How long the object may take to end.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
]
const pretty = query('pretty', 'string', 'Ignored; answers are compact.')

const pathParameter = (name: string, description: string): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string', uniqueItems: true },
})

const reference = (message: MessageSchema): Json => ({ $ref: `#/components/schemas/${openApiName(message.name)}` })

const contentOf = (types: readonly string[], schema: Json): Json =>
  Object.fromEntries(types.map(type => [type, { schema }]))

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]

/** Where the resources of a group and version are served, and how, as `paths` of an OpenAPI v3 document. */
export function openApiPaths(resources: readonly Resource[]): Json {
  const paths: Record<string, Json> = {}
  for (const resource of resources) Object.assign(paths, pathsOf(resource))
  return Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The messages that the paths of resources refer to. */
export function openApiMessages(resources: readonly Resource[]): MessageSchema[] {
  return resources.flatMap(({ kind, verbs, subresources }) => [
    kind as unknown as MessageSchema,
    ...(verbs.includes('list') ? [listOf(kind) as unknown as MessageSchema] : []),
    ...subresources.flatMap(subresource => (subresource.type === 'action' ? [subresource.kind as MessageSchema] : [])),
  ])
}

function pathsOf(resource: Resource): Record<string, Json> {
  const { kind, verbs } = resource
  const { group, version } = kind.gvk
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`
  const collection = `${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`
  const item = `${collection}/{name}`
  const namespace = kind.namespaced ? [pathParameter('namespace', 'The namespace.')] : []
  const name = pathParameter('name', `The name of the ${kind.gvk.kind}.`)
  const operation = (
    verb: Verb,
    method: string,
    parameters: readonly Json[],
    body?: Json,
    answer?: MessageSchema,
  ): Json => (has(verbs, verb) ? { [method]: operationOf(resource, verb, parameters, body, answer) } : {})

  const paths: Record<string, Json> = {
    [collection]: {
      ...operation('list', 'get', selecting, undefined, listOf(kind) as unknown as MessageSchema),
      ...operation('create', 'post', writing, contentOf(bodyTypes, reference(kind as unknown as MessageSchema))),
      ...operation('deletecollection', 'delete', [...selecting, ...deleting]),
      parameters: [...namespace, pretty],
    },
    [item]: {
      ...operation('get', 'get', []),
      ...operation('update', 'put', writing, contentOf(bodyTypes, reference(kind as unknown as MessageSchema))),
      ...operation('patch', 'patch', [...writing, force], contentOf(patchTypes, { type: 'object' })),
      ...operation('delete', 'delete', deleting),
      parameters: [name, ...namespace, pretty],
    },
  }
  if (kind.namespaced && has(verbs, 'list'))
    paths[`${root}/${kind.plural}`] = {
      get: operationOf(resource, 'list', selecting, undefined, listOf(kind) as unknown as MessageSchema),
      parameters: [pretty],
    }
  for (const subresource of resource.subresources)
    paths[`${item}/${subresource.name}`] = {
      ...subresourceOperations(resource, subresource),
      parameters: [name, ...namespace, pretty],
    }
  return Object.fromEntries(
    Object.entries(paths).filter(([, path]) => Object.keys(path).some(key => key !== 'parameters')),
  )
}

const has = (verbs: readonly Verb[], verb: Verb): boolean => verbs.includes(verb)

const methods: { readonly [verb in Verb]?: string } = {
  get: 'get',
  create: 'post',
  update: 'put',
  patch: 'patch',
  delete: 'delete',
}

function subresourceOperations(resource: Resource, subresource: Subresource): Json {
  const operations: Record<string, Json> = {}
  for (const verb of subresource.verbs) {
    const method = methods[verb]
    if (!method) continue
    const shown = subresource.type === 'action' ? (subresource.kind as Kind<unknown>) : resource.kind
    const body =
      verb === 'patch'
        ? contentOf(patchTypes, { type: 'object' })
        : verb === 'get' || verb === 'delete' || subresource.type === 'connect'
          ? undefined
          : contentOf(bodyTypes, reference(shown as unknown as MessageSchema))
    const parameters =
      verb === 'get' || subresource.type === 'connect' ? [] : verb === 'patch' ? [...writing, force] : writing
    operations[method] = operationOf(resource, verb, parameters, body, shown as unknown as MessageSchema)
  }
  return operations
}

function operationOf(
  { kind }: Resource,
  verb: Verb,
  parameters: readonly Json[],
  body: Json | undefined,
  answer: MessageSchema = kind as unknown as MessageSchema,
): Json {
  return {
    tags: [`${kind.gvk.group || 'core'}_${kind.gvk.version}`],
    parameters,
    ...(body ? { requestBody: { content: body, required: true } } : {}),
    responses: {
      [verb === 'create' ? '201' : '200']: {
        description: verb === 'create' ? 'Created' : 'OK',
        content: contentOf(bodyTypes, reference(answer)),
      },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': actions[verb],
    'x-kubernetes-group-version-kind': kind.gvk,
  }
}
