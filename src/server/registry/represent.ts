import type { ApiResponse } from '../../machinery/http.js'
import { PartialObjectMetadata, Status } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import { StatusError } from '../../machinery/status-error.js'
import { encodeObject as encodeEnveloped, type Kind } from '../../schema/index.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { bytesOf, jsonBytes, jsonText, jsonValue } from '../respond.js'
import { yamlText } from '../yaml-text.js'
import { chooseForm, type Form } from './form.js'
import { packageOf } from './read-body.js'
import type { Registry } from './registry.js'
import { tableOf } from './table.js'

/** One stored object in the form the client asked for. */
export function objectResponse(
  context: RequestContext,
  registry: Registry,
  status: number,
  stored: StoredObject,
): ApiResponse {
  if (context.request.user) return { status, headers: {}, body: { kind: 'object', value: stored.object } }
  const form = chooseForm(context.request, false, registry.resource.kind)
  if (form.as === 'object' && form.media === 'json' && !form.pretty) return jsonBytes(status, [stored.line])
  if (form.as === 'table')
    return valueResponse(status, form, tableOf(registry.resource, [stored], form, undefined, registry.host.clock.now()))
  if (form.as === 'metadata') {
    if (form.asList) throw notThatForm(registry.resource, 'PartialObjectMetadataList', false)
    return valueResponse(status, form, partial(stored.object, registry.resource, form.version), PartialObjectMetadata)
  }
  return valueResponse(status, form, stored.object, registry.resource.kind)
}

/** A value made for this answer; as protobuf it needs its kind. */
export function valueResponse(status: number, form: Form, value: unknown, kind?: Kind<unknown>): ApiResponse {
  if (form.media === 'protobuf' && kind) return bytesOf(status, form.contentType, encodeEnveloped(kind, value))
  const body = form.media === 'yaml' ? Buffer.from(yamlText(value)) : jsonText(value, form.pretty)
  return bytesOf(status, form.contentType, body)
}

/** `PartialObjectMetadata`: only what every object has. */
export const partial = (
  { metadata }: ApiObject,
  { versionAnnotations }: Pick<Resource, 'versionAnnotations'> = {},
  version = 'v1',
): ApiObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: versionAnnotations ? withoutAnnotations(metadata, versionAnnotations) : metadata,
})

function withoutAnnotations(metadata: ApiObject['metadata'], left: readonly string[]): ApiObject['metadata'] {
  const { annotations = {}, ...rest } = metadata
  const kept = Object.entries(annotations).filter(([key]) => !left.includes(key))
  return kept.length > 0 ? { ...rest, annotations: Object.fromEntries(kept) } : rest
}

/** 406: a list is asked for as a single object's metadata, or the other way round. */
export function notThatForm({ kind }: Resource, asked: string, isList: boolean): StatusError {
  const type = kind.decoder ? 'unstructured.Unstructured' : `${packageOf(kind.gvk.group)}.${kind.gvk.kind}`
  return new StatusError(
    406,
    'NotAcceptable',
    `you requested ${asked}, but the requested object is ${isList ? 'a' : 'not a'} list (*${type}${isList ? 'List' : ''})`,
  )
}

/** What answers a deletion that removed the object. */
export function statusOfDeletion(
  context: RequestContext,
  registry: Registry,
  { name, uid }: ApiObject['metadata'],
): ApiResponse {
  const { group, plural } = registry.name
  return jsonValue(
    context.request,
    200,
    {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name, ...(group ? { group } : {}), kind: plural, ...(uid ? { uid } : {}) },
    },
    Status,
  )
}
