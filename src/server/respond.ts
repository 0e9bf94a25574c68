import { goQuote } from '../machinery/go-format.js'
import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import { Status } from '../machinery/meta/index.js'
import { everyMedia, type Media, mediaTypes, negotiate } from '../machinery/negotiation.js'
import { StatusError, serviceUnavailable } from '../machinery/status-error.js'
import { encodeObject, exactJson, type Kind } from '../schema/index.js'
import { StoreClosedError } from '../storage/store-failures.js'
import { RequestFault } from './request-info.js'
import { yamlText } from './yaml-text.js'

const noCache = 'no-cache, private'
const jsonHeaders = { 'content-type': mediaTypes.json, 'cache-control': noCache }

/** Bytes that are JSON already. */
export const jsonBytes = (status: number, chunks: readonly Uint8Array[]): ApiResponse => ({
  status,
  headers: jsonHeaders,
  body: { kind: 'bytes', chunks },
})

/** Bytes of any type. */
export const bytesOf = (status: number, contentType: string, body: Uint8Array): ApiResponse => ({
  status,
  headers: { 'content-type': contentType, 'cache-control': noCache },
  body: { kind: 'bytes', chunks: [body] },
})

/**
 * A value made for this answer alone, in the form the client asks for: JSON, YAML, or protobuf where `kind` is given.
 * A client that asks for nothing of that gets JSON: the answer may be the news that its form cannot be had.
 */
export function jsonValue(request: ApiRequest, status: number, value: unknown, kind?: Kind<unknown>): ApiResponse {
  if (request.user) return { status, headers: {}, body: { kind: 'object', value } }
  const media = mediaOf(request, kind ? everyMedia : ['json', 'yaml'])
  if (media === 'protobuf' && kind) return bytesOf(status, mediaTypes.protobuf, encodeObject(kind, value))
  if (media === 'yaml') return bytesOf(status, mediaTypes.yaml, Buffer.from(yamlText(value)))
  return jsonBytes(status, [jsonText(value, wantsPretty(request))])
}

/** What answers an action that makes no object. */
export const success = (request: ApiRequest, code: number): ApiResponse =>
  jsonValue(request, code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code }, Status)

/** JSON as it is sent: on one line, or indented for people to read. */
export const jsonText = (value: unknown, pretty: boolean): Buffer =>
  Buffer.from(pretty ? exactJson(value, undefined, 2) : `${exactJson(value)}\n`)

function mediaOf({ headers }: ApiRequest, media: readonly Media[]): Media {
  const { accept } = headers
  if (!accept || accept === mediaTypes.json) return 'json'
  try {
    return negotiate(accept, { media, stream: true, converts: () => true }).media
  } catch {
    return 'json'
  }
}

/** Browsers and the usual command line tools are used by people. */
const readByPeople = /^(?:curl|Wget|Mozilla\/5\.0)/
const trueTexts = new Set(['1', 't', 'T', 'true', 'True', 'TRUE'])

/** Whether JSON is to be indented: `?pretty=`, or by the program that asks. */
export function wantsPretty({ query, headers }: ApiRequest): boolean {
  const asked = query.size > 0 && query.get('pretty')
  return asked ? trueTexts.has(asked) : readByPeople.test(headers['user-agent'] ?? '')
}

export const text = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): ApiResponse => ({
  status,
  headers: { 'content-type': contentType, 'cache-control': noCache, 'x-content-type-options': 'nosniff' },
  body: { kind: 'bytes', chunks: [Buffer.from(body)] },
})

/** The answer when a filter in front of the API breaks: plain text, as upstream has it. */
export function faultText({ path, query }: ApiRequest, message: string): ApiResponse {
  const url = query.size > 0 ? `${path}?${query}` : path
  const said = `Internal Server Error: ${goQuote(url)}: ${message}`
  return text(500, `${said.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}\n`)
}

/** The answer an error becomes. Anything but a `StatusError` is a fault of ours: its details stay in the log. */
export function errorResponse(request: ApiRequest, error: unknown, report: (error: unknown) => void): ApiResponse {
  if (error instanceof RequestFault)
    return error.code === 400 ? text(400, '400 Bad Request') : faultText(request, error.message)
  const status = statusOf(request, error, report)
  const retry = status.details?.retryAfterSeconds
  const answer = jsonValue(request, status.code, status.body, Status)
  return retry ? { ...answer, headers: { ...answer.headers, 'retry-after': String(retry) } } : answer
}

function statusOf(request: ApiRequest, error: unknown, report: (error: unknown) => void): StatusError {
  if (error instanceof StatusError) return error
  if (error instanceof StoreClosedError) return serviceUnavailable('the API server is shutting down')
  // What breaks because the client has gone is nobody's fault.
  if (request.signal.aborted && error === request.signal.reason)
    return new StatusError(499, 'ClientClosedRequest', 'the client has closed the request')
  report(error)
  return new StatusError(500, 'InternalError', 'Internal error occurred: the server has logged the cause')
}
