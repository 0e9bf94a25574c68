import { stringify as stringifyYaml } from 'yaml'
import type { ApiResponse } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import { encodeObject as encodeEnveloped } from '../../schema/index.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { jsonBytes, jsonValue } from '../respond.js'
import { chooseForm, type Form } from './form.js'
import type { Registry } from './registry.js'
import { tableOf } from './table.js'

const newline = Buffer.from('\n')
const noCache = { 'cache-control': 'no-cache, private' }

/** One stored object in the form the client asked for. */
export function objectResponse(
  context: RequestContext,
  registry: Registry,
  status: number,
  stored: StoredObject,
): ApiResponse {
  if (context.request.user) return { status, headers: {}, body: { kind: 'object', value: stored.object } }
  const form = chooseForm(context.request)
  if (form.as === 'object' && form.media === 'json') return jsonBytes(status, [stored.json, newline])
  if (form.as === 'object' && form.media === 'protobuf')
    return encoded(status, form, encodeObject(registry, stored.object))
  if (form.as === 'table')
    return valueResponse(status, form, tableOf(registry.resource, [stored], form, undefined, registry.host.clock.now()))
  if (form.as === 'metadata') return valueResponse(status, form, partial(stored.object))
  return valueResponse(status, form, stored.object)
}

/** A value made for this answer, as JSON or YAML. */
export function valueResponse(status: number, form: Form, value: unknown): ApiResponse {
  const body =
    form.media === 'yaml'
      ? Buffer.from(stringifyYaml(value, { aliasDuplicateObjects: false }))
      : Buffer.from(`${JSON.stringify(value)}\n`)
  return encoded(status, form, body)
}

export const encoded = (status: number, form: Form, body: Uint8Array): ApiResponse => ({
  status,
  headers: { ...noCache, 'content-type': form.contentType },
  body: { kind: 'bytes', chunks: [body] },
})

/** An object in protobuf's envelope. */
export const encodeObject = ({ resource: { kind } }: Registry, object: ApiObject): Uint8Array =>
  encodeEnveloped(kind, object)

/** `PartialObjectMetadata`: only what every object has. */
export const partial = ({ metadata }: ApiObject): ApiObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
})

/** What answers a deletion that removed the object. */
export function statusOfDeletion(context: RequestContext, registry: Registry, stored: StoredObject): ApiResponse {
  const { group, plural } = registry.name
  const { name, uid } = stored.object.metadata
  return jsonValue(context.request, 200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group ? { group } : {}), kind: plural, uid },
  })
}
