import { DeleteOptions, Status, WatchEvent } from '../../../machinery/meta/index.js'
import type { Resource, Verb } from '../../../machinery/resource.js'
import type { MessageSchema } from '../../../schema/index.js'
import { operationId, versionPath, withArticle } from './names.js'
import { accepted, created, type Method, type Operation, ok } from './operation.js'
import { creating, deleting, deletingCollection, listing, nameOf, namespace, pretty } from './parameters.js'
import {
  asMessage,
  isCustom,
  listShapeOf,
  namedOf,
  operationOf,
  patchOperation,
  producedBy,
  readOperation,
  replaceOperation,
  shapeOf,
  watchTypes,
} from './resource-operations.js'
import { subresourcePaths } from './subresource-paths.js'

/** All paths below which a resource is served, with their operations. */
export function resourcePaths(resource: Resource): { readonly [path: string]: readonly Operation[] } {
  const { kind } = resource
  const { group, version } = kind.gvk
  const root = versionPath(group, version)
  const scope = kind.namespaced ? '/namespaces/{namespace}' : ''
  const item = `${root}${scope}/${kind.plural}/{name}`
  const paths: Record<string, readonly Operation[]> = {
    [`${root}${scope}/${kind.plural}`]: collectionOperations(resource),
    [item]: itemOperations(resource),
    ...subresourcePaths(resource, item),
    ...(kind.namespaced && resource.verbs.includes('list')
      ? { [`${root}/${kind.plural}`]: [listOfAll(resource)] }
      : {}),
    // Custom resources came after this form of a watch.
    ...(resource.verbs.includes('watch') && !isCustom(resource) ? watchPaths(resource, root, scope) : {}),
  }
  return Object.fromEntries(Object.entries(paths).filter(([, operations]) => operations.length > 0))
}

const only = (resource: Resource, verb: Verb, make: () => Operation): Operation[] =>
  resource.verbs.includes(verb) ? [make()] : []

function collectionOperations(resource: Resource): Operation[] {
  const { kind } = resource.kind.gvk
  const named = namedOf(resource)
  const shape = shapeOf(resource)
  return [
    ...only(resource, 'list', () => operationOf(resource, listOperation(resource, operationId('list', named)))),
    ...only(resource, 'create', () =>
      operationOf(resource, {
        method: 'post',
        id: operationId('create', named),
        description: `create ${withArticle(kind)}`,
        parameters: [pretty, ...creating()],
        body: { shape, required: true },
        answers: { 200: ok(shape), 201: created(shape), 202: accepted(shape) },
        action: 'post',
      }),
    ),
    ...only(resource, 'deletecollection', () =>
      operationOf(resource, {
        method: 'delete',
        id: operationId('delete', named, { within: 'Collection' }),
        description: `delete collection of ${kind}`,
        parameters: [pretty, ...deletingCollection()],
        ...deleteBody,
        answers: { 200: ok(asMessage(Status)) },
        action: 'deletecollection',
      }),
    ),
  ]
}

const deleteBody = { body: { shape: asMessage(DeleteOptions), required: false } }

function listOperation(resource: Resource, id: string) {
  const watched = resource.verbs.includes('watch')
  const produces = producedBy(resource)
  return {
    method: 'get' as Method,
    id,
    description: `${watched && !isCustom(resource) ? 'list or watch' : 'list'} objects of kind ${resource.kind.gvk.kind}`,
    parameters: [pretty, ...listing()],
    answers: { 200: ok(listShapeOf(resource)) },
    produces: watched && !isCustom(resource) ? [...produces, ...watchTypes] : produces,
    action: 'list',
  }
}

const everywhere = (operation: Operation): Operation => ({
  ...operation,
  parameters: operation.parameters.filter(parameter => parameter !== namespace),
})

const listOfAll = (resource: Resource): Operation =>
  everywhere(
    operationOf(
      resource,
      listOperation(
        resource,
        operationId('list', { ...namedOf(resource), namespaced: false }, { suffix: 'ForAllNamespaces' }),
      ),
    ),
  )

function itemOperations(resource: Resource): Operation[] {
  const { kind } = resource.kind.gvk
  const name = nameOf(kind)
  const named = namedOf(resource)
  const shape = shapeOf(resource)
  const removed = resource.deleteAnswersObject ? shape : asMessage(Status)
  return [
    ...only(resource, 'get', () => operationOf(resource, readOperation(resource))),
    ...only(resource, 'update', () => operationOf(resource, replaceOperation(resource))),
    ...only(resource, 'patch', () => operationOf(resource, patchOperation(resource))),
    ...only(resource, 'delete', () =>
      operationOf(resource, {
        method: 'delete',
        id: operationId('delete', named),
        description: `delete ${withArticle(kind)}`,
        parameters: [name, pretty, ...deleting()],
        ...deleteBody,
        answers: { 200: ok(removed), 202: accepted(removed) },
        action: 'delete',
      }),
    ),
  ]
}

/** The deprecated form of a watch, a path of its own. */
function watchPaths(resource: Resource, root: string, scope: string): Record<string, readonly Operation[]> {
  const { kind, verbs } = resource
  const named = namedOf(resource)
  const instead = "deprecated: use the 'watch' parameter with a list operation instead"
  const watch = (id: string, description: string, action: string): Operation =>
    operationOf(resource, {
      method: 'get',
      id,
      description,
      parameters: [pretty, ...listing()],
      produces: [...producedBy(resource), ...watchTypes],
      answers: { 200: ok(WatchEvent as MessageSchema) },
      action,
    })
  const listDescription = `watch individual changes to a list of ${kind.gvk.kind}. ${instead}.`
  const collection = watch(operationId('watch', named, { suffix: 'List' }), listDescription, 'watchlist')
  const all = operationId('watch', { ...named, namespaced: false }, { suffix: 'ListForAllNamespaces' })
  const single = watch(
    operationId('watch', named),
    `watch changes to an object of kind ${kind.gvk.kind}. ${instead}, filtered to a single item with the ` +
      "'fieldSelector' parameter.",
    'watch',
  )
  return {
    [`${root}/watch${scope}/${kind.plural}`]: [collection],
    ...(kind.namespaced
      ? { [`${root}/watch/${kind.plural}`]: [everywhere(watch(all, listDescription, 'watchlist'))] }
      : {}),
    ...(verbs.includes('get')
      ? {
          [`${root}/watch${scope}/${kind.plural}/{name}`]: [
            { ...single, parameters: [nameOf(kind.gvk.kind), ...single.parameters] },
          ],
        }
      : {}),
  }
}
