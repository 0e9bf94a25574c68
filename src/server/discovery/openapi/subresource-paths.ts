import { kindOf } from '../../../api/catalogue.js'
import type { Resource, Subresource, Verb } from '../../../machinery/resource.js'
import type { MessageSchema } from '../../../schema/index.js'
import { kindOfSub } from '../groups.js'
import { operationId, withArticle } from './names.js'
import { accepted, anything, created, type Method, type Operation, ok } from './operation.js'
import { creating, nameOf, parametersOf, pretty, proxyPath } from './parameters.js'
import {
  namedOf,
  operationOf,
  type Part,
  patchOperation,
  producedBy,
  readOperation,
  replaceOperation,
  shapeOf,
} from './resource-operations.js'

/** The paths of a resource's subresources, below `item`. */
export function subresourcePaths(resource: Resource, item: string): Record<string, readonly Operation[]> {
  const paths: Record<string, readonly Operation[]> = {}
  for (const subresource of resource.subresources) {
    const path = `${item}/${subresource.name}`
    if (subresource.type !== 'connect') paths[path] = partOperations(resource, subresource)
    else if (subresource.name === 'log') paths[path] = [logOperation(resource)]
    else {
      paths[path] = connectOperations(resource, subresource, false)
      if (takesPath(subresource)) paths[`${path}/{path}`] = connectOperations(resource, subresource, true)
    }
  }
  return paths
}

type Connect = Extract<Subresource, { type: 'connect' }>

function partOperations(resource: Resource, subresource: Exclude<Subresource, Connect>): Operation[] {
  const gvk = kindOfSub(resource, subresource)
  const shape = subresource.type === 'view' ? shapeOf(resource) : (kindOf(gvk) as MessageSchema | undefined)
  if (!shape) throw new Error(`${resource.kind.plural}/${subresource.name} is of no known kind: ${gvk.kind}`)
  const part: Part = { subresource: subresource.name, kind: gvk.kind, shape }
  const make: { readonly [verb in Verb]?: () => Operation } = {
    get: () => operationOf(resource, { ...readOperation(resource, part), gvk }),
    update: () => operationOf(resource, { ...replaceOperation(resource, part), gvk }),
    patch: () => operationOf(resource, { ...patchOperation(resource, part), gvk }),
    create: () =>
      operationOf(resource, {
        method: 'post',
        id: operationId('create', { ...namedOf(resource), subresource: subresource.name }),
        description: `create ${subresource.name} of ${withArticle(resource.kind.gvk.kind)}`,
        parameters: [nameOf(gvk.kind), pretty, ...creating()],
        body: { shape, required: true },
        answers: { 200: ok(shape), 201: created(shape), 202: accepted(shape) },
        action: 'post',
        gvk,
      }),
  }
  return subresource.verbs.flatMap(verb => make[verb]?.() ?? [])
}

function logOperation(resource: Resource): Operation {
  const { gvk } = resource.kind
  const part: Part = { subresource: 'log', kind: gvk.kind, shape: 'text' }
  const read = readOperation(resource, part)
  return operationOf(resource, {
    ...read,
    parameters: [...read.parameters, ...optionsOf({ ...gvk, kind: `${gvk.kind}LogOptions` })],
    produces: ['text/plain', ...producedBy(resource)],
  })
}

function optionsOf(gvk: { group: string; version: string; kind: string }) {
  const options = kindOf(gvk)
  if (!options) throw new Error(`${gvk.kind} is not declared`)
  return parametersOf(options as unknown as MessageSchema)
}

/** Who connects with every method wants the rest of the path, too. */
const takesPath = ({ verbs }: Connect): boolean => verbs.includes('update')

const everyMethod: readonly Method[] = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']

function connectOperations(resource: Resource, subresource: Connect, withPath: boolean): Operation[] {
  const { gvk } = subresource
  const methods = takesPath(subresource) ? everyMethod : (['get', 'post'] as const)
  return methods.map(method =>
    operationOf(resource, {
      method,
      id: operationId(
        'connect',
        { ...namedOf(resource), subresource: subresource.name },
        { within: method.slice(0, 1).toUpperCase() + method.slice(1), suffix: withPath ? 'WithPath' : '' },
      ),
      description: `connect ${method.toUpperCase()} requests to ${subresource.name} of ${resource.kind.gvk.kind}`,
      parameters: [nameOf(gvk.kind), ...(withPath ? [proxyPath] : []), ...optionsOf(gvk)],
      produces: anything,
      answers: { 200: ok('text') },
      action: 'connect',
      gvk,
    }),
  )
}
