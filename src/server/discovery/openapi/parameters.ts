import { describe } from '../../../api/descriptions.js'
import {
  CreateOptions,
  DeleteOptions,
  ListOptions,
  PatchOptions,
  UpdateOptions,
} from '../../../machinery/meta/index.js'
import { type AnySchema, jsonFields, type MessageSchema, openApiName, resolve } from '../../../schema/index.js'
import type { Parameter } from './operation.js'

const types: { readonly [kind: string]: Parameter['type'] } = {
  string: 'string',
  boolean: 'boolean',
  int32: 'integer',
  int64: 'integer',
}

/** What a field is as a query parameter: lists are given by repeating it. Times and objects cannot be given. */
function typeOf(schema: AnySchema): Parameter['type'] | undefined {
  const resolved = resolve(schema)
  return types[resolved.kind === 'list' ? resolve(resolved.item).kind : resolved.kind]
}

const known = new Map<string, Parameter>()

/** The same object for the same parameter, wherever it occurs, so that what is made of it is made once. */
function interned(parameter: Parameter): Parameter {
  const text = JSON.stringify(parameter)
  let found = known.get(text)
  if (!found) known.set(text, (found = parameter))
  return found
}

const derived = new Map<MessageSchema, readonly Parameter[]>()

/** The query parameters that the fields of an options message are. */
export function parametersOf(message: MessageSchema): readonly Parameter[] {
  let parameters = derived.get(message)
  if (!parameters) {
    const owner = openApiName(message.name)
    parameters = jsonFields(message).flatMap(({ name, field }): Parameter[] => {
      const type = name === 'kind' || name === 'apiVersion' ? undefined : typeOf(field.schema)
      const description = describe(owner, name)
      return type ? [interned({ name, in: 'query', type, ...(description ? { description } : {}) })] : []
    })
    derived.set(message, parameters)
  }
  return parameters
}

export const listing = (): readonly Parameter[] => parametersOf(ListOptions)
export const creating = (): readonly Parameter[] => parametersOf(CreateOptions)
export const updating = (): readonly Parameter[] => parametersOf(UpdateOptions)
export const patching = (): readonly Parameter[] => parametersOf(PatchOptions)
export const deleting = (): readonly Parameter[] => parametersOf(DeleteOptions)

/** A collection is deleted by what would list it, but not watch it. */
export const deletingCollection = (): readonly Parameter[] => [
  ...deleting(),
  ...listing().filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks'),
]

export const pretty: Parameter = {
  name: 'pretty',
  in: 'query',
  type: 'string',
  description:
    "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser or " +
    'command-line HTTP tool (curl and wget).',
}

export const namespace: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'object name and auth scope, such as for teams and projects',
}

const names = new Map<string, Parameter>()
/** Kinds of custom resources come and go. */
const rememberedNames = 1000

export function nameOf(kind: string): Parameter {
  let name = names.get(kind)
  if (!name && names.size >= rememberedNames) names.clear()
  if (!name) names.set(kind, (name = { name: 'name', in: 'path', type: 'string', description: `name of the ${kind}` }))
  return name
}

export const proxyPath: Parameter = { name: 'path', in: 'path', type: 'string', description: 'path to the resource' }
