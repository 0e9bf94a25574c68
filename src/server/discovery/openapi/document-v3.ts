import type { Resource } from '../../../machinery/resource.js'
import type { OpenApiSchema } from '../../../schema/index.js'
import { kubernetesVersion } from '../../version.js'
import { definitionsFor, schemaOf } from './definitions.js'
import { type Operation, type Parameter, type Paths, shareParameters } from './operation.js'

/** The security scheme of all operations. */
export const bearerToken = {
  BearerToken: { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' },
}

/** An OpenAPI v3 document of these paths, with all they refer to. */
export function documentV3(paths: Paths, resources: readonly Resource[]): OpenApiSchema {
  const schemas = definitionsFor(paths, resources, 'v3')
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: kubernetesVersion },
    paths: Object.fromEntries(Object.entries(paths).map(([path, operations]) => [path, pathItem(operations)])),
    components: {
      ...(Object.keys(schemas).length > 0 ? { schemas } : {}),
      securitySchemes: bearerToken,
    },
  }
}

function pathItem(operations: readonly Operation[]): OpenApiSchema {
  const { shared, own } = shareParameters(operations)
  return {
    ...Object.fromEntries(operations.map(operation => [operation.method, describe(operation, own(operation))])),
    ...(shared.length > 0 ? { parameters: shared.map(parameter) } : {}),
  }
}

function describe(operation: Operation, parameters: readonly Parameter[]): OpenApiSchema {
  const { id, description, tag, body, consumes, produces, answers, action, gvk } = operation
  const content = (types: readonly string[], schema: OpenApiSchema) =>
    Object.fromEntries(types.map(type => [type, { schema }]))
  return {
    tags: [tag],
    ...(description ? { description } : {}),
    operationId: id,
    ...(parameters.length > 0 ? { parameters: parameters.map(parameter) } : {}),
    ...(body
      ? {
          requestBody: {
            content: content(consumes, schemaOf(body.shape, 'v3')),
            ...(body.required ? { required: true } : {}),
          },
        }
      : {}),
    responses: Object.fromEntries(
      Object.entries(answers).map(([code, { description, shape }]) => [
        code,
        { description, ...(shape ? { content: content(produces, schemaOf(shape, 'v3')) } : {}) },
      ]),
    ),
    ...(action ? { 'x-kubernetes-action': action } : {}),
    ...(gvk ? { 'x-kubernetes-group-version-kind': gvk } : {}),
  }
}

const parameter = ({ name, in: where, type, description }: Parameter): OpenApiSchema => ({
  name,
  in: where,
  ...(description ? { description } : {}),
  ...(where === 'path' ? { required: true } : {}),
  schema: { type, uniqueItems: true },
})
