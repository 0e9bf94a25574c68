import type { ApiResponse } from '../../machinery/http.js'
import { type ApiObject, keyOf } from '../../machinery/object.js'
import type { ScaleSubresource, Verb, ViewSubresource } from '../../machinery/resource.js'
import { badRequest, forbidden, notFound, qualified, StatusError } from '../../machinery/status-error.js'
import type { Draft, Kind } from '../../schema/index.js'
import { StoredObject } from '../cache/stored-object.js'
import type { RequestContext, Stage } from '../pipeline.js'
import type { ResourceInfo } from '../request-info.js'
import type { ActionHandler, ConnectHandler } from '../subresources/subresource.js'
import { admitted } from './admitted-action.js'
import { deleteCollection } from './delete-collection.js'
import { chooseForm } from './form.js'
import { listObjects, listResponse } from './list.js'
import { untilRevision } from './list-selection.js'
import { patchChange, patchRequest } from './patch.js'
import { revisionIn } from './query.js'
import { type DecodeContext, readBody, readObject } from './read-body.js'
import type { Registries } from './registries.js'
import type { Registry } from './registry.js'
import { objectResponse, statusOfDeletion } from './represent.js'
import { scaleResponse, writeScale } from './scale.js'
import { selectionOf } from './selection.js'
import { watchObjects } from './watch.js'
import { decodeContext, deletionOptions, writeContext } from './write-options.js'

export { decodeContext, writeContext } from './write-options.js'

/**
 * What acts outside the generic path: subresources by `plural.group/subresource`, and kinds that are asked about but
 * never stored (bindings, reviews) by `plural.group`.
 */
export interface SubresourceHandlers {
  readonly actions: { readonly [name: string]: ActionHandler }
  readonly connects: { readonly [name: string]: ConnectHandler }
  /** Objects of kinds that are worked out when asked for, by `plural.group`. */
  readonly computed?: ComputedObjects
  /** Whether somebody may delete what cannot be read; throws a 403. Nobody may when absent. */
  readonly allowUnreadableDeletion?: (context: RequestContext) => Promise<void>
}

/**
 * By `plural.group`: the objects of a kind as they are now, of one namespace unless it is empty. Those that do not match may
 * be left out: whether they do is a matter of their metadata.
 */
export interface ComputedObjects {
  readonly [name: string]: (namespace: string, matches?: Matches) => Promise<readonly ApiObject[]>
}

type Matches = (object: Pick<ApiObject, 'metadata'>) => boolean

/** The last stage: serves every resource of every group through its registry. */
export function resourceStage(registries: Registries, subresources: SubresourceHandlers): Stage {
  return (context, next) => {
    const { resource: info } = context.info
    if (!info) return next()
    const { group, version, plural } = info
    const registry =
      registries.find(group, version, plural) ??
      (context.request.ofComponent ? registries.findUnserved(group, version, plural) : undefined)
    if (!registry || isOutOfScope(context, info, registry)) return next()
    const { deprecated, kind, verbs } = registry.resource
    // What a built-in kind has no route for reaches nobody who could warn.
    if (deprecated && (kind.decoder || info.subresource || verbs.includes(context.info.verb as Verb)))
      context.warnings.push(deprecated)
    return info.subresource
      ? serveSubresource(context, info, registry, registries, subresources)
      : serveObject(context, info, registry, registries, subresources)
  }
}

/** Custom resources are not served at all outside of their scope; others answer there that they are not. */
function isOutOfScope(
  { info: { verb } }: RequestContext,
  { namespace }: ResourceInfo,
  { resource }: Registry,
): boolean {
  const { decoder, namespaced } = resource.kind
  if (!decoder) return false
  return namespaced ? !namespace && verb !== 'list' && verb !== 'watch' : namespace !== ''
}

async function serveObject(
  context: RequestContext,
  info: ResourceInfo,
  registry: Registry,
  registries: Registries,
  handlers: SubresourceHandlers,
): Promise<ApiResponse> {
  const { request } = context
  const { verb } = context.info
  const { resource } = registry
  checkPath(context, info, registry)
  if (!resource.verbs.includes(verb as Verb)) throw methodNotAllowed()
  // Nothing is done whose outcome could not be told. There is no Table of what is only asked, such as a review.
  if (!request.user) chooseForm(request, verb === 'watch', resource.kind, resource.stored || verb !== 'create')
  const namespace = resource.kind.namespaced ? info.namespace : ''
  switch (verb) {
    case 'get':
      if (!resource.stored) return getComputed(context, registry, namespace, handlers)
      return getObject(context, registry, namespace, info.name)
    case 'list':
      if (!resource.stored) return listComputed(context, registry, namespace, handlers)
      return listObjects(context, registry, namespace)
    case 'watch':
      return watchObjects(context, registry, namespace, info.name)
    case 'create': {
      const write = writeContext(context)
      const draft = await readObject(request, resource.kind, decodeContext(context))
      const handler = handlers.actions[qualified(registry.name)]
      if (handler)
        return admitted(registry, info, 'CREATE', draft, write, () =>
          handler({ context, info, registry, registries, body: draft, write }),
        )
      if (!resource.stored) throw unknownPath()
      resource.defaults?.(draft)
      return objectResponse(context, registry, 201, await registry.create(namespace, draft, write))
    }
    case 'update':
      return update(context, info, registry, namespace)
    case 'patch':
      return patch(context, info, registry, namespace)
    case 'delete': {
      const options = await deletionOptions(context, resource)
      const why = resource.strategy.whyKept?.(info.name)
      if (why) throw forbidden(registry.name, info.name, why)
      const { allowUnreadableDeletion } = handlers
      if (options.ignoresReadErrors && allowUnreadableDeletion && registry.isUnreadable(namespace, info.name)) {
        await allowUnreadableDeletion(context)
        await registry.deleteUnreadable(namespace, info.name, options.write)
        return statusOfDeletion(context, registry, { name: info.name })
      }
      const deleted = await registry.delete(namespace, info.name, options.request, options.write)
      if (deleted.gone && !resource.deleteAnswersObject)
        return statusOfDeletion(context, registry, deleted.stored.object.metadata)
      return objectResponse(context, registry, 200, deleted.stored)
    }
    case 'deletecollection': {
      const options = await deletionOptions(context, resource)
      return deleteCollection(context, registry, namespace, options.request, options.write)
    }
    default:
      throw methodNotAllowed()
  }
}

async function computedOf(
  { name }: Registry,
  namespace: string,
  matches: Matches | undefined,
  { computed }: SubresourceHandlers,
): Promise<readonly StoredObject[]> {
  const found = (await computed?.[qualified(name)]?.(namespace, matches)) ?? []
  return (matches ? found.filter(matches) : found).map(object => new StoredObject(undefined, 0, object))
}

/** Upstream names what is not there by its singular. */
async function getComputed(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  handlers: SubresourceHandlers,
): Promise<ApiResponse> {
  const name = context.info.resource?.name ?? ''
  const [found] = await computedOf(registry, namespace, ({ metadata }) => metadata.name === name, handlers)
  if (!found)
    throw notFound({ group: registry.name.group, plural: registry.resource.singular }, keyOf({ namespace, name }))
  return objectResponse(context, registry, 200, found)
}

async function listComputed(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  handlers: SubresourceHandlers,
): Promise<ApiResponse> {
  const { matches } = selectionOf(context.request.query, registry.resource)
  const items = await computedOf(registry, namespace, matches as Matches | undefined, handlers)
  return listResponse(context, registry, { items, revision: 0 })
}

/** Which methods a path has: a collection's, that of all namespaces, or an object's. */
function checkPath({ request, info }: RequestContext, resource: ResourceInfo, { resource: { kind } }: Registry): void {
  const { namespace, name } = resource
  if (kind.namespaced) {
    if (!namespace && name) throw unknownPath()
    if (!namespace && info.verb !== 'list' && info.verb !== 'watch') throw methodNotAllowed()
  } else if (namespace && kind.plural !== 'namespaces') throw unknownPath()
  const onCollection = !name
  const methods = onCollection ? collectionMethods : objectMethods
  if (methods.has(request.method)) return
  if (!kind.decoder) throw methodNotAllowed()
  // Custom resources have no paths by method: what is wrong shows as it is done. A name in the path of what is created
  // is not looked at, and what is asked for with HEAD is got.
  if (request.method === 'POST' || request.method === 'HEAD') return
  throw onCollection && (request.method === 'PUT' || request.method === 'PATCH')
    ? badRequest('name must be provided')
    : verbNotSupported(kind, '')
}

const collectionMethods = new Set(['GET', 'POST', 'DELETE'])
const objectMethods = new Set(['GET', 'PUT', 'PATCH', 'DELETE'])

const proxyMethods = new Set(['HEAD', 'OPTIONS'])

async function getObject(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  name: string,
): Promise<ApiResponse> {
  const { query } = context.request
  if (query.size > 0) await untilRevision(registry, revisionIn(query))
  return objectResponse(context, registry, 200, await registry.get(namespace, name))
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
  const { namespaced } = resource.kind
  const subresource = resource.subresources.find(({ name }) => name === info.subresource)
  if (!subresource && resource.kind.decoder) throw notFound(registry.name, info.name)
  if (!subresource || (namespaced && !info.namespace)) throw unknownPath()
  // A proxy passes on whatever it is asked.
  const proxied = subresource.type === 'connect' && subresource.name === 'proxy'
  const asked = context.request.method
  const hasMethod = resource.kind.decoder !== undefined || asked !== 'HEAD'
  if (!(subresource.verbs.includes(verb as Verb) && hasMethod) && !(proxied && proxyMethods.has(asked)))
    throw resource.kind.decoder ? verbNotSupported(resource.kind, verb) : methodNotAllowed()
  if (info.rest && info.rest !== '/' && !proxied) throw unknownPath()
  if (!context.request.user && subresource.type !== 'connect')
    chooseForm(
      context.request,
      false,
      subresource.type === 'view' ? resource.kind : undefined,
      subresource.type !== 'action',
    )
  const namespace = namespaced ? info.namespace : ''
  const handlerName = `${qualified(registry.name)}/${info.subresource}`
  switch (subresource.type) {
    case 'view':
      if (verb === 'get') return getObject(context, registry, namespace, info.name)
      return verb === 'patch'
        ? patch(context, info, registry, namespace, subresource)
        : update(context, info, registry, namespace, subresource)
    case 'scale':
      return serveScale(context, info, registry, namespace, subresource)
    case 'action': {
      const handler = handlers.actions[handlerName]
      if (!handler) throw unknownPath()
      const write = writeContext(context)
      const body = await readObject(context.request, subresource.kind as never, decodeContext(context))
      return admitted(registry, info, 'CREATE', body, write, () =>
        handler({ context, info, registry, registries, body, write }),
      )
    }
    case 'connect': {
      const handler = handlers.connects[handlerName]
      if (!handler) throw unknownPath()
      const { user, warnings } = context
      const call = { user, fieldManager: '', dryRun: false, warn: (text: string) => warnings.push(text) }
      return admitted(registry, info, 'CONNECT', undefined, call, () =>
        handler({ context, info, registry, registries }),
      )
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
  if (context.info.verb === 'get')
    return scaleResponse(context, registry, subresource, await registry.get(namespace, info.name))
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
  const write = writeContext(context)
  const decoding = decodeContext(context)
  const body = await readBody(context.request)
  const read = (context: DecodeContext) => {
    const draft = body.decode(resource.kind, context)
    resource.defaults?.(draft)
    return draft
  }
  let first: Draft<ApiObject> | undefined = read(decoding)
  const { stored, created } = await registry.update(
    namespace,
    info.name,
    {
      // A lost race changes the draft, and tries again from what the client sent.
      apply() {
        const draft = first ?? read({ fieldValidation: 'Ignore', warn: () => {} })
        first = undefined
        return draft
      },
      create: resource.strategy.createOnUpdate === true && !view,
      ...(view ? { view } : {}),
    },
    write,
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
  const asked = await patchRequest(context, registry.resource)
  const write = writeContext(context)
  const change = patchChange(asked, registry, { namespace, name: info.name }, decodeContext(context), write, view)
  const { stored, created } = await registry.update(namespace, info.name, change, write)
  return objectResponse(context, registry, created ? 201 : 200, stored)
}

const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

/** 405 of custom resources. */
const verbNotSupported = ({ gvk: { group }, plural }: Kind<unknown>, verb: string): StatusError =>
  new StatusError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind ${JSON.stringify(`${plural}.${group}`)}`,
    { group, kind: plural },
  )

const unknownPath = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
