import { createHash } from 'node:crypto'
import type { Resource } from '../../../machinery/resource.js'
import type { OpenApiSchema } from '../../../schema/index.js'
import { kubernetesVersion } from '../../version.js'
import { definitionsFor, schemaOf } from './definitions.js'
import { bearerToken } from './document-v3.js'
import { type Operation, type Parameter, type Paths, type Shape, shareParameters } from './operation.js'

/** The OpenAPI v2 document of these paths, with all they refer to. Parameters that occur twice are referred to, too. */
export function documentV2(paths: Paths, resources: readonly Resource[]): OpenApiSchema {
  const items = Object.entries(paths).map(([path, operations]) => [path, itemOf(operations)] as const)
  const shared = new SharedParameters()
  for (const [, { parameters, operations }] of items) {
    shared.count(parameters)
    for (const one of operations) shared.count(one.parameters)
  }
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths: Object.fromEntries(items.map(([path, item]) => [path, pathItem(item, shared)])),
    definitions: definitionsFor(paths, resources, 'v2'),
    parameters: shared.all,
    securityDefinitions: bearerToken,
    security: [{ BearerToken: [] }],
  }
}

/** A parameter as it is written; one object for all that are equal. */
type Written = OpenApiSchema

interface Item {
  readonly parameters: readonly Written[]
  readonly operations: readonly { readonly operation: Operation; readonly parameters: readonly Written[] }[]
}

/** Parameters of many operations are written once, under a name that tells one `path` from another. */
class SharedParameters {
  readonly #uses = new Map<Written, number>()
  readonly #references = new Map<Written, { readonly name: string; readonly reference: OpenApiSchema }>()

  count(parameters: readonly Written[]): void {
    for (const parameter of parameters) this.#uses.set(parameter, (this.#uses.get(parameter) ?? 0) + 1)
  }

  refer(parameter: Written): OpenApiSchema {
    if ((this.#uses.get(parameter) ?? 0) < 2) return parameter
    let shared = this.#references.get(parameter)
    if (!shared) {
      const hash = createHash('sha224').update(JSON.stringify(parameter)).digest().subarray(0, 6).toString('base64url')
      const name = `${parameter['name']}-${hash}`
      this.#references.set(parameter, (shared = { name, reference: { $ref: `#/parameters/${name}` } }))
    }
    return shared.reference
  }

  get all(): OpenApiSchema {
    const named = [...this.#references].map(([parameter, { name }]) => [name, parameter] as const)
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

function itemOf(operations: readonly Operation[]): Item {
  const { shared, own } = shareParameters(operations)
  return {
    parameters: shared.map(written),
    operations: operations.map(operation => ({ operation, parameters: parametersOf(operation, own(operation)) })),
  }
}

const byName = (a: Written, b: Written): number => (String(a['name']) < String(b['name']) ? -1 : 1)

/** The body is a parameter among the others. */
const parametersOf = ({ body }: Operation, own: readonly Parameter[]): readonly Written[] =>
  body ? [...own.map(written), writtenBody(body.shape, body.required)].sort(byName) : own.map(written)

const forms = new WeakMap<Parameter, Written>()

function written(parameter: Parameter): Written {
  let form = forms.get(parameter)
  if (!form) {
    const { name, in: where, type, description } = parameter
    form = {
      uniqueItems: true,
      type,
      ...(description ? { description } : {}),
      name,
      in: where,
      ...(where === 'path' ? { required: true } : {}),
    }
    forms.set(parameter, form)
  }
  return form
}

const bodies = new WeakMap<object, Written>()

/** Bodies of messages are kept; a custom resource's own are as short-lived as it. */
function writtenBody(shape: Shape, required: boolean): Written {
  const known = typeof shape === 'object' ? bodies.get(shape) : undefined
  if (known && known['required'] === (required || undefined)) return known
  const form: Written = { in: 'body', name: 'body', ...(required ? { required } : {}), schema: schemaOf(shape, 'v2') }
  if (typeof shape === 'object') bodies.set(shape, form)
  return form
}

function pathItem({ parameters, operations }: Item, shared: SharedParameters): OpenApiSchema {
  const refer = (parameter: Written) => shared.refer(parameter)
  return {
    ...Object.fromEntries(
      operations.map(({ operation, parameters }) => [operation.method, describe(operation, parameters.map(refer))]),
    ),
    ...(parameters.length > 0 ? { parameters: parameters.map(refer) } : {}),
  }
}

function describe(operation: Operation, parameters: readonly OpenApiSchema[]): OpenApiSchema {
  const { id, description, tag, consumes, produces, answers, action, gvk } = operation
  return {
    ...(description ? { description } : {}),
    ...(consumes.length > 0 ? { consumes } : {}),
    ...(produces.length > 0 ? { produces } : {}),
    schemes: ['https'],
    tags: [tag],
    operationId: id,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: Object.fromEntries(
      Object.entries(answers).map(([code, { description, shape }]) => [
        code,
        { description, ...(shape ? { schema: schemaOf(shape, 'v2') } : {}) },
      ]),
    ),
    ...(action ? { 'x-kubernetes-action': action } : {}),
    ...(gvk ? { 'x-kubernetes-group-version-kind': gvk } : {}),
  }
}
