import type { ApiResponse } from '../../machinery/http.js'
import { listOf, PartialObjectMetadataList } from '../../machinery/meta/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { chooseForm, type Form } from './form.js'
import { listOptions } from './list-options.js'
import { type Listed, selectObjects } from './list-selection.js'
import { apiVersionOf } from './read-body.js'
import type { Registry } from './registry.js'
import { notThatForm, partial, valueResponse } from './represent.js'
import { selectionOf } from './selection.js'
import { tableOf } from './table.js'

/** GET on a collection: https://kubernetes.io/docs/reference/using-api/api-concepts/#collections */
export async function listObjects(
  context: RequestContext,
  registry: Registry,
  namespace: string,
): Promise<ApiResponse> {
  const { query } = context.request
  const options = listOptions(query)
  return listResponse(
    context,
    registry,
    await selectObjects(registry, namespace, selectionOf(query, registry.resource), options),
  )
}

/** Objects of one resource in the form the client asked for. */
export function listResponse({ request }: RequestContext, registry: Registry, listed: Listed): ApiResponse {
  const metadata = {
    // What is worked out when asked for has no version.
    ...(listed.revision ? { resourceVersion: String(listed.revision) } : {}),
    ...(listed.continue ? { continue: listed.continue } : {}),
    ...(listed.remaining ? { remainingItemCount: listed.remaining } : {}),
  }
  const { kind } = registry.resource
  const head = { kind: `${kind.gvk.kind}List`, apiVersion: apiVersionOf(kind.gvk), metadata }
  if (request.user) {
    const items = listed.items.map(({ object }) => object)
    return { status: 200, headers: {}, body: { kind: 'object', value: { ...head, items } } }
  }
  const form = chooseForm(request, false, registry.resource.kind)
  if (form.as === 'table')
    return valueResponse(200, form, tableOf(registry.resource, listed.items, form, metadata, registry.host.clock.now()))
  if (form.as === 'metadata') {
    if (!form.asList) throw notThatForm(registry.resource, 'PartialObjectMetadata', true)
    return valueResponse(
      200,
      form,
      {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${form.version}`,
        metadata,
        items: listed.items.map(({ object }) => partial(object, registry.resource, form.version)),
      },
      PartialObjectMetadataList,
    )
  }
  // Items of built-in kinds leave out what the list says: their kind. Custom ones do not.
  const typed = kind.decoder !== undefined
  if (form.media === 'json' && !form.pretty) return jsonList(head, listed.items, form, typed)
  const items = listed.items.map(({ object }) => (typed ? object : withoutType(object)))
  return valueResponse(200, form, { ...head, items }, listOf(kind))
}

function withoutType({ kind: _kind, apiVersion: _apiVersion, ...rest }: ApiObject): object {
  return rest
}

/** Strings the items' bytes together: nothing is encoded again, or copied before it is sent. */
function jsonList(head: object, items: readonly StoredObject[], form: Form, typed: boolean): ApiResponse {
  const chunks: Uint8Array[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)]
  for (const stored of items)
    chunks.push(chunks.length === 1 ? openItem : nextItem, typed ? stored.json.subarray(1) : stored.itemTail)
  chunks.push(listEnd)
  const headers = { 'content-type': form.contentType, 'cache-control': 'no-cache, private' }
  return { status: 200, headers, body: { kind: 'bytes', chunks } }
}

const openItem = Buffer.from('{')
const nextItem = Buffer.from(',{')
const listEnd = Buffer.from(']}\n')
