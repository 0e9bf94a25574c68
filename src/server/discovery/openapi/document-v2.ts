import { createHash } from 'node:crypto'
import type { Resource } from '../../../machinery/resource.js'
import type { OpenApiSchema } from '../../../schema/index.js'
import { kubernetesVersion } from '../../version.js'
import { definitionsFor, schemaOf } from './definitions.js'
import { bearerToken } from './document-v3.js'
import { type Operation, type Parameter, type Paths, shareParameters } from './operation.js'

/** The OpenAPI v2 document of these paths, with all they refer to. Parameters that occur twice are referred to, too. */
export function documentV2(paths: Paths, resources: readonly Resource[]): OpenApiSchema {
  const parameters = new SharedParameters()
  const write = (refer: (parameter: OpenApiSchema) => OpenApiSchema) =>
    Object.fromEntries(Object.entries(paths).map(([path, operations]) => [path, pathItem(operations, refer)]))
  write(parameter => parameters.count(parameter))
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths: write(parameter => parameters.refer(parameter)),
    definitions: definitionsFor(paths, resources, 'v2'),
    parameters: parameters.shared,
    securityDefinitions: bearerToken,
    security: [{ BearerToken: [] }],
  }
}

/** Parameters of many operations are written once, under a name that tells one `path` from another. */
class SharedParameters {
  readonly #counts = new Map<string, number>()
  readonly #shared = new Map<string, OpenApiSchema>()

  count(parameter: OpenApiSchema): OpenApiSchema {
    const text = JSON.stringify(parameter)
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1)
    return parameter
  }

  refer(parameter: OpenApiSchema): OpenApiSchema {
    const text = JSON.stringify(parameter)
    if ((this.#counts.get(text) ?? 0) < 2) return parameter
    const hash = createHash('sha224').update(text).digest().subarray(0, 6).toString('base64url')
    const name = `${parameter['name']}-${hash}`
    this.#shared.set(name, parameter)
    return { $ref: `#/parameters/${name}` }
  }

  get shared(): OpenApiSchema {
    return Object.fromEntries([...this.#shared].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

type Refer = (parameter: OpenApiSchema) => OpenApiSchema

function pathItem(operations: readonly Operation[], refer: Refer): OpenApiSchema {
  const { shared, own } = shareParameters(operations)
  return {
    ...Object.fromEntries(operations.map(operation => [operation.method, describe(operation, own(operation), refer)])),
    ...(shared.length > 0 ? { parameters: shared.map(one => refer(parameter(one))) } : {}),
  }
}

function describe(operation: Operation, own: readonly Parameter[], refer: Refer): OpenApiSchema {
  const { id, description, tag, body, consumes, produces, answers, action, gvk } = operation
  const sent = body && {
    in: 'body',
    name: 'body',
    ...(body.required ? { required: true } : {}),
    schema: schemaOf(body.shape, 'v2'),
  }
  const parameters = [...own.map(parameter), ...(sent ? [sent] : [])].sort((a, b) =>
    String(a['name']) < String(b['name']) ? -1 : 1,
  )
  return {
    ...(description ? { description } : {}),
    ...(consumes.length > 0 ? { consumes } : {}),
    ...(produces.length > 0 ? { produces } : {}),
    schemes: ['https'],
    tags: [tag],
    operationId: id,
    ...(parameters.length > 0 ? { parameters: parameters.map(refer) } : {}),
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

const parameter = ({ name, in: where, type, description }: Parameter): OpenApiSchema => ({
  uniqueItems: true,
  type,
  ...(description ? { description } : {}),
  name,
  in: where,
  ...(where === 'path' ? { required: true } : {}),
})
