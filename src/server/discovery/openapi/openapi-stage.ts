import { setImmediate as turn } from 'node:timers/promises'
import type { ApiRequest, ApiResponse } from '../../../machinery/http.js'
import { covers, parseAccept } from '../../../machinery/negotiation.js'
import { acceptsGzip } from '../../http/compress.js'
import type { Stage } from '../../pipeline.js'
import type { Registries } from '../../registry/registries.js'
import { Document, type Form, OpenApiDocuments } from './documents.js'
import { noRemoteDocuments, type RemoteDocuments } from './remote-documents.js'

const root = '/openapi/v3'
const json = 'application/json'
/** Documents shorter than this are not packed, in bytes. */
const packFrom = 1400
const yearMs = 365 * 24 * 3600 * 1000

/**
 * `/openapi/v2`, and `/openapi/v3` with a document a group and version, in JSON and protobuf:
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
 */
export function openApiStage(
  registries: Registries,
  now: () => number = Date.now,
  remote: RemoteDocuments = noRemoteDocuments,
): Stage {
  const documents = new OpenApiDocuments(registries, now)
  return async ({ info, request }, next) => {
    const { path } = info
    if (!path.startsWith('/openapi/')) return next()
    if (path === '/openapi/v2') return negotiated(request, documents.v2With(await remote.v2()), protobufTypes('v2'))
    if (path === root || path === `${root}/`) return serve(request, await index(documents, remote, now), 'json', json)
    const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : ''
    const document = remote.convertedV3(name) ?? documents.v3(name)
    if (!document) return next()
    const hash = request.query.get('hash')
    const acceptable = negotiated(request, document, protobufTypes('v3'))
    if (!hash) return acceptable
    if (hash !== document.hash) return moved(urlOf(name, document))
    const response = await acceptable
    // Whoever asks by the hash may keep the answer for good.
    const expires = new Date(now() + yearMs).toUTCString()
    return { ...response, headers: { ...response.headers, 'cache-control': 'public, immutable', expires } }
  }
}

/** Where every document of v3 is, by its hash. Making them all takes a while, so others get turns in between. */
async function index(documents: OpenApiDocuments, remote: RemoteDocuments, now: () => number): Promise<Document> {
  const paths: Record<string, { readonly serverRelativeURL: string }> = {}
  const elsewhere = remote.v3
  for (const name of [...new Set([...documents.names, ...elsewhere.keys()])].sort()) {
    const document = elsewhere.has(name) ? undefined : documents.v3(name)
    const url = document ? urlOf(name, document) : elsewhere.get(name)
    if (url) paths[name] = { serverRelativeURL: url }
    await turn()
  }
  return new Document({ paths }, () => new Uint8Array(), now())
}

/** Where a v3 document is, by its hash. */
export const urlOf = (name: string, { hash }: Document): string => `${root}/${name}?hash=${hash}`

const moved = (location: string): ApiResponse => ({
  status: 301,
  headers: { location, 'cache-control': 'no-cache, private' },
  body: { kind: 'none' },
})

/** Clients ask for the first, which is no valid media type; the answer is called the second. */
const protobufTypes = (version: 'v2' | 'v3') => {
  const type = (at: string) => `application/com.github.proto-openapi.spec.${version}${at}v1.0+protobuf`
  return { asked: [type('@'), type('.')], named: type('.') }
}

/** The document in the first form that the client accepts; a bare 406 if there is none. */
async function negotiated(
  request: ApiRequest,
  document: Document,
  { asked, named }: ReturnType<typeof protobufTypes>,
): Promise<ApiResponse> {
  for (const range of parseAccept(request.headers.accept || '*/*')) {
    if (covers(range, json)) return serve(request, document, 'json', json)
    if (asked.some(type => covers(range, type))) return serve(request, document, 'protobuf', named)
  }
  return { status: 406, headers: { vary: 'Accept', 'cache-control': 'no-cache, private' }, body: { kind: 'none' } }
}

async function serve(
  request: ApiRequest,
  document: Document,
  as: 'json' | 'protobuf',
  contentType: string,
): Promise<ApiResponse> {
  const etag = `"${document.hash}"`
  const headers = {
    'content-type': contentType,
    etag,
    vary: 'Accept, Accept-Encoding',
    'last-modified': new Date(document.made).toUTCString(),
    'cache-control': 'no-cache, private',
  }
  if (matches(request.headers['if-none-match'], etag)) {
    const { 'content-type': _, ...kept } = headers
    return { status: 304, headers: kept, body: { kind: 'none' } }
  }
  const form: Form = document[as]
  const packed = form.bytes.length >= packFrom && acceptsGzip(request.headers['accept-encoding'])
  return {
    status: 200,
    headers: packed ? { ...headers, 'content-encoding': 'gzip' } : headers,
    body: { kind: 'bytes', chunks: [packed ? await form.packed : form.bytes] },
  }
}

/** Whether an If-None-Match header names the ETag, weakly or not, or anything. */
const matches = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some(tag => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) ?? false
