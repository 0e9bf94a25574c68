import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { splitTarget } from './target.js'

/** A request whose method the parser of Node.js does not know. */
export interface OddRequest {
  readonly method: string
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: { readonly [name: string]: string }
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
}

/** What the parser of Node.js says of what it cannot parse. */
export interface ParserError extends Error {
  readonly code?: string
  /** What came last, and how much of it was understood. */
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/**
 * The request that the parser stopped at because of its method; undefined if something else is wrong with it, or not all
 * of its head has come at once.
 */
export function oddRequestIn({ code, rawPacket, bytesParsed = 0 }: ParserError): OddRequest | undefined {
  if (code !== 'HPE_INVALID_METHOD' || !rawPacket) return undefined
  const begin = bytesParsed > 0 ? rawPacket.lastIndexOf('\n', bytesParsed - 1) + 1 : 0
  const end = rawPacket.indexOf('\r\n\r\n', begin)
  if (end < 0) return undefined
  const [first = '', ...lines] = rawPacket.toString('latin1', begin, end).split('\r\n')
  const [, method, target] = requestLine.exec(first) ?? []
  if (method === undefined || target === undefined) return undefined
  const headers: { [name: string]: string } = {}
  const rawHeaders: string[] = []
  for (const line of lines) {
    const [, name = '', value = ''] = headerLine.exec(line) ?? []
    if (name === '') return undefined
    rawHeaders.push(name, value)
    const key = name.toLowerCase()
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value
  }
  return { method, target, ...splitTarget(target), headers, rawHeaders }
}

const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.1$/
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\P{Cc}]*?)[ \t]*$/u

/** Whether it is the body of a request that cannot be parsed, which has begun to be served by its head. */
export const isOfBody = ({ code }: ParserError): boolean =>
  code === 'HPE_INVALID_TRANSFER_ENCODING' || code === 'HPE_INVALID_CHUNK_SIZE'

/** Answers what cannot be parsed, in the words of upstream's HTTP library, and closes the connection. */
export function refuse(socket: Duplex, { code }: ParserError): void {
  const [status, why] = refusals[code ?? ''] ?? [400, '']
  const name = `${status} ${STATUS_CODES[status]}`
  socket.end(
    `HTTP/1.1 ${name}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${why || name}`,
    () => socket.destroy(),
  )
}

const refusals: { readonly [code: string]: readonly [status: number, body: string] } = {
  HPE_HEADER_OVERFLOW: [431, ''],
  HPE_INVALID_TRANSFER_ENCODING: [501, 'Unsupported transfer encoding'],
  HPE_INVALID_VERSION: [505, '505 HTTP Version Not Supported: unsupported protocol version'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, ''],
}

/** What is wrong with the host that a request names; undefined if nothing is. */
export function hostFault({ headers, rawHeaders, httpVersionMinor }: IncomingMessage): string | undefined {
  if (headers.host === undefined)
    return httpVersionMinor > 0 ? '400 Bad Request: missing required Host header' : undefined
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++
  return hosts > 1 ? '400 Bad Request' : undefined
}
