import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { DeleteOptions } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { ScaleSubresource, Verb, ViewSubresource } from '../../machinery/resource.js'
import { StatusError } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { RequestContext, Stage } from '../pipeline.js'
import { isTrue, type ResourceInfo } from '../request-info.js'
import type { ActionHandler, ConnectHandler } from '../subresources/subresource.js'
import { deleteCollection } from './delete-collection.js'
import type { DeletionRequest } from './deletion.js'
import { listObjects } from './list.js'
import { type PatchRequest, patchChange, patchRequest } from './patch.js'
import { type DecodeContext, type FieldValidation, readObject, readOptionalObject } from './read-body.js'
import type { Registries } from './registries.js'
import type { Registry, WriteContext } from './registry.js'
import { objectResponse, statusOfDeletion } from './represent.js'
import { getScale, writeScale } from './scale.js'
import { watchObjects } from './watch.js'

/** The parts of subresources that act outside the generic path, by `plural.group/subresource`. */
export interface SubresourceHandlers {
  readonly actions: { readonly [name: string]: ActionHandler }
  readonly connects: { readonly [name: string]: ConnectHandler }
}

/** The last stage: serves every resource of every group through its registry. */
export function resourceStage(registries: Registries, subresources: SubresourceHandlers): Stage {
  return async (context, next) => {
    const { resource: info } = context.info
    if (!info) return next()
    const registry = registries.find(info.group, info.version, info.plural)
    if (!registry) return next()
    return info.subresource
      ? serveSubresource(context, info, registry, registries, subresources)
      : serveObject(context, info, registry)
  }
}

async function serveObject(context: RequestContext, info: ResourceInfo, registry: Registry): Promise<ApiResponse> {
  const { request } = context
  const { verb } = context.info
  const { resource } = registry
  if (!resource.verbs.includes(verb as Verb)) throw methodNotAllowed(verb)
  if (resource.kind.namespaced && !info.namespace && verb !== 'list' && verb !== 'watch') throw unknownPath()
  if (!resource.kind.namespaced && info.namespace && resource.kind.plural !== 'namespaces') throw unknownPath()
  const namespace = resource.kind.namespaced ? info.namespace : ''
  switch (verb) {
    case 'get':
      return objectResponse(context, registry, 200, await registry.get(namespace, info.name))
    case 'list':
      return listObjects(context, registry, namespace)
    case 'watch':
      return watchObjects(context, registry, namespace, info.name)
    case 'create': {
      if (info.name) throw methodNotAllowed('create')
      const draft = await readObject(request, resource.kind, decodeContext(context))
      resource.defaults?.(draft)
      return objectResponse(context, registry, 201, await registry.create(namespace, draft, writeContext(context)))
    }
    case 'update':
      return update(context, info, registry, namespace)
    case 'patch':
      return patch(context, info, registry, namespace)
    case 'delete': {
      const deleted = await registry.delete(namespace, info.name, await deletionRequest(context), writeContext(context))
      if (deleted.gone && !resource.deleteAnswersObject) return statusOfDeletion(context, registry, deleted.stored)
      return objectResponse(context, registry, 200, deleted.stored)
    }
    case 'deletecollection':
      return deleteCollection(context, registry, namespace, await deletionRequest(context), writeContext(context))
    default:
      throw methodNotAllowed(verb)
  }
}

async function serveSubresource(
  context: RequestContext,
  info: ResourceInfo,
  registry: Registry,
  registries: Registries,
  handlers: SubresourceHandlers,
): Promise<ApiResponse> {
  const { verb } = context.info
  const { resource } = registry
  const subresource = resource.subresources.find(({ name }) => name === info.subresource)
  if (!subresource) throw unknownPath()
  if (!subresource.verbs.includes(verb as Verb)) throw methodNotAllowed(verb)
  const namespace = resource.kind.namespaced ? info.namespace : ''
  const group = resource.kind.gvk.group
  const handlerName = `${group ? `${info.plural}.${group}` : info.plural}/${info.subresource}`
  switch (subresource.type) {
    case 'view':
      if (verb === 'get') return objectResponse(context, registry, 200, await registry.get(namespace, info.name))
      return verb === 'patch'
        ? patch(context, info, registry, namespace, subresource)
        : update(context, info, registry, namespace, subresource)
    case 'scale':
      return serveScale(context, info, registry, namespace, subresource)
    case 'action': {
      const handler = handlers.actions[handlerName]
      if (!handler) throw unknownPath()
      const body = await readObject(context.request, subresource.kind as never, decodeContext(context))
      return handler({ context, info, registry, registries, body, write: writeContext(context) })
    }
    case 'connect': {
      const handler = handlers.connects[handlerName]
      if (!handler) throw unknownPath()
      return handler({ context, info, registry, registries })
    }
  }
}

async function serveScale(
  context: RequestContext,
  info: ResourceInfo,
  registry: Registry,
  namespace: string,
  subresource: ScaleSubresource<ApiObject>,
): Promise<ApiResponse> {
  if (context.info.verb === 'get') return getScale(context, subresource, await registry.get(namespace, info.name))
  return writeScale(context, registry, namespace, info.name, subresource, writeContext(context))
}

async function update(
  context: RequestContext,
  info: ResourceInfo,
  registry: Registry,
  namespace: string,
  view?: ViewSubresource<ApiObject>,
): Promise<ApiResponse> {
  const { resource } = registry
  const body = await readObject(context.request, resource.kind, decodeContext(context))
  resource.defaults?.(body)
  const { stored, created } = await registry.update(
    namespace,
    info.name,
    {
      // A lost race changes the draft, and tries again from what the client sent.
      apply: () => structuredClone(body) as Draft<ApiObject>,
      create: resource.strategy.createOnUpdate === true && !view,
      ...(view ? { view } : {}),
    },
    writeContext(context),
  )
  return objectResponse(context, registry, created ? 201 : 200, stored)
}

async function patch(
  context: RequestContext,
  info: ResourceInfo,
  registry: Registry,
  namespace: string,
  view?: ViewSubresource<ApiObject>,
): Promise<ApiResponse> {
  const asked: PatchRequest = await patchRequest(context)
  const write = writeContext(context)
  const change = patchChange(asked, registry, { namespace, name: info.name }, decodeContext(context), write, view)
  const { stored, created } = await registry.update(namespace, info.name, change, write)
  return objectResponse(context, registry, created ? 201 : 200, stored)
}

/** The query's options of a write. */
export function writeContext({ request, user, warnings }: RequestContext): WriteContext {
  const dryRun = request.query.getAll('dryRun')
  if (dryRun.some(value => value !== 'All' && value !== ''))
    throw new StatusError(
      422,
      'Invalid',
      ` "" is invalid: dryRun: Unsupported value: [${dryRun.map(value => JSON.stringify(value)).join(', ')}]: supported values: "All"`,
    )
  return {
    user,
    fieldManager: request.query.get('fieldManager') || managerFromAgent(request),
    dryRun: dryRun.includes('All'),
    warn: text => warnings.push(text),
  }
}

/** A manager that is not named is the program that wrote: the first word of its User-Agent. */
function managerFromAgent(request: ApiRequest): string {
  const agent = request.headers['user-agent'] ?? ''
  const slash = agent.indexOf('/')
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, 128) || 'unknown'
}

export function decodeContext({ request, warnings }: RequestContext): DecodeContext {
  const fieldValidation = request.query.get('fieldValidation') || 'Warn'
  return { fieldValidation: fieldValidation as FieldValidation, warn: text => warnings.push(text) }
}

/** Deletion options come in the body, the query, or both; the body wins. */
async function deletionRequest(context: RequestContext): Promise<DeletionRequest> {
  const { query } = context.request
  const body = await readOptionalObject(context.request, DeleteOptions, { fieldValidation: 'Ignore', warn: () => {} })
  const seconds = query.get('gracePeriodSeconds')
  const policy = body?.propagationPolicy ?? query.get('propagationPolicy') ?? undefined
  const orphan =
    body?.orphanDependents ?? (query.has('orphanDependents') ? isTrue(query.get('orphanDependents')) : undefined)
  return {
    gracePeriodSeconds: body?.gracePeriodSeconds ?? (seconds === null ? undefined : Number(seconds)),
    propagationPolicy: (policy ??
      (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background')) as DeletionRequest['propagationPolicy'],
    preconditions: body?.preconditions,
  }
}

const methodNotAllowed = (_verb: string): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource')

const unknownPath = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource')
