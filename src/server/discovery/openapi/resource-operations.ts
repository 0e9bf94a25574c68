import { listOf, Patch } from '../../../machinery/meta/index.js'
import type { Resource } from '../../../machinery/resource.js'
import { type Kind, type MessageSchema, openApiName } from '../../../schema/index.js'
import { type Named, operationId, versionTag } from './names.js'
import { anything, created, type Method, type Operation, ok, type Shape, unauthorized } from './operation.js'
import { nameOf, namespace, patching, pretty, updating } from './parameters.js'

const textTypes = ['application/json', 'application/yaml']
const protobufType = 'application/vnd.kubernetes.protobuf'
export const watchTypes = ['application/json;stream=watch', `${protobufType};stream=watch`]
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json']

/** Custom resources have no protobuf form, and no strategic merge. */
export const isCustom = (resource: Resource): boolean => resource.openApi !== undefined

export const producedBy = (resource: Resource): readonly string[] =>
  isCustom(resource) ? textTypes : [...textTypes, protobufType]

const patchTypesOf = (resource: Resource): readonly string[] => [
  ...patchTypes,
  ...(isCustom(resource) ? [] : ['application/strategic-merge-patch+json']),
  'application/apply-patch+yaml',
]

export const shapeOf = (resource: Resource): Shape =>
  resource.openApi ? { definition: openApiName(resource.kind.name) } : asMessage(resource.kind)

export const listShapeOf = (resource: Resource): Shape =>
  resource.openApi ? { definition: `${openApiName(resource.kind.name)}List` } : asMessage(listOf(resource.kind))

export const asMessage = (kind: Kind): MessageSchema => kind as unknown as MessageSchema

export const namedOf = ({ kind: { gvk, namespaced } }: Resource): Named => ({ ...gvk, namespaced })

/** Begins an operation of a resource: tag, gvk and media types are what they nearly always are. */
export function operationOf(
  resource: Resource,
  given: Omit<Operation, 'tag' | 'consumes' | 'produces' | 'gvk'> & Partial<Operation>,
): Operation {
  const { gvk, namespaced } = resource.kind
  const { answers, parameters, ...rest } = given
  return {
    tag: versionTag(gvk.group, gvk.version),
    consumes: isCustom(resource) ? textTypes : anything,
    produces: producedBy(resource),
    gvk,
    ...rest,
    parameters: namespaced ? [namespace, ...parameters] : parameters,
    answers: { ...answers, 401: unauthorized },
  }
}

/** Which part of an object is read or written: itself, or a subresource under the kind that is sent there. */
export interface Part {
  readonly subresource: string
  readonly kind: string
  readonly shape: Shape
}

const whole = (resource: Resource): Part => ({
  subresource: '',
  kind: resource.kind.gvk.kind,
  shape: shapeOf(resource),
})

const whatOf = (resource: Resource, { subresource }: Part): string =>
  `${subresource ? `${subresource} of ` : ''}the specified ${resource.kind.gvk.kind}`

export function readOperation(resource: Resource, part = whole(resource)) {
  return {
    method: 'get' as Method,
    id: operationId('read', { ...namedOf(resource), subresource: part.subresource }),
    description: `read ${whatOf(resource, part)}`,
    parameters: [nameOf(part.kind), pretty],
    answers: { 200: ok(part.shape) },
    action: 'get',
  }
}

export function replaceOperation(resource: Resource, part = whole(resource)) {
  const { shape } = part
  return {
    method: 'put' as Method,
    id: operationId('replace', { ...namedOf(resource), subresource: part.subresource }),
    description: `replace ${whatOf(resource, part)}`,
    parameters: [nameOf(part.kind), pretty, ...updating()],
    body: { shape, required: true },
    answers: { 200: ok(shape), 201: created(shape) },
    action: 'put',
  }
}

export function patchOperation(resource: Resource, part = whole(resource)) {
  const { shape } = part
  return {
    method: 'patch' as Method,
    id: operationId('patch', { ...namedOf(resource), subresource: part.subresource }),
    description: `partially update ${whatOf(resource, part)}`,
    parameters: [nameOf(part.kind), pretty, ...patching()],
    body: { shape: Patch, required: true },
    consumes: patchTypesOf(resource),
    // A patch of a custom resource's existing object alone answers 200.
    answers: isCustom(resource) ? { 200: ok(shape) } : { 200: ok(shape), 201: created(shape) },
    action: 'patch',
  }
}
