import { stringify as stringifyYaml } from 'yaml'
import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import { StatusError } from '../machinery/status-error.js'

const jsonHeaders = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }

/** Bytes that are JSON already. */
export const jsonBytes = (status: number, chunks: readonly Uint8Array[]): ApiResponse => ({
  status,
  headers: jsonHeaders,
  body: { kind: 'bytes', chunks },
})

/** A small value made for this answer alone. */
export function jsonValue(request: ApiRequest, status: number, value: unknown): ApiResponse {
  if (request.user) return { status, headers: {}, body: { kind: 'object', value } }
  const accept = request.headers.accept ?? ''
  if (accept.startsWith('application/yaml'))
    return {
      status,
      headers: { ...jsonHeaders, 'content-type': 'application/yaml' },
      body: { kind: 'bytes', chunks: [Buffer.from(stringifyYaml(value, { aliasDuplicateObjects: false }))] },
    }
  return jsonBytes(status, [Buffer.from(`${JSON.stringify(value)}\n`)])
}

export const text = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): ApiResponse => ({
  status,
  headers: { 'content-type': contentType, 'cache-control': 'no-cache, private', 'x-content-type-options': 'nosniff' },
  body: { kind: 'bytes', chunks: [Buffer.from(body)] },
})

/** The answer an error becomes. Anything but a `StatusError` is a fault of ours: its details stay in the log. */
export function errorResponse(request: ApiRequest, error: unknown, report: (error: unknown) => void): ApiResponse {
  if (request.user) {
    const status = error instanceof StatusError ? error : hidden(error, report)
    return { status: status.code, headers: {}, body: { kind: 'object', value: status.body } }
  }
  const status = error instanceof StatusError ? error : hidden(error, report)
  const retry = status.details?.retryAfterSeconds
  const answer = jsonValue(request, status.code, status.body)
  return retry ? { ...answer, headers: { ...answer.headers, 'retry-after': String(retry) } } : answer
}

function hidden(error: unknown, report: (error: unknown) => void): StatusError {
  report(error)
  return new StatusError(500, 'InternalError', 'Internal error occurred: the server has logged the cause')
}
