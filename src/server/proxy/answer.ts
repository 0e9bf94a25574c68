import type { IncomingMessage } from 'node:http'
import { type Duplex, pipeline, Readable } from 'node:stream'
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import type { ApiResponse } from '../../machinery/http.js'
import { HtmlLinks, type LinkBase, rewriteLink } from './link-rewriting.js'

/** Headers of one connection only, and those by which a backend would let scripts of other sites use this server. */
const dropped =
  /^(?:connection|keep-alive|proxy-connection|proxy-authenticate|te|trailer|transfer-encoding|upgrade|access-control-allow-(?:credentials|headers|methods|origin))$/

/** A backend's answer as the client gets it: links in it lead back through the proxy. */
export function answerOf(message: IncomingMessage, method: string, base: LinkBase): ApiResponse {
  const headers = headersOf(message)
  const { location } = message.headers
  if (location) headers.location = rewriteLink(location, base)
  const status = message.statusCode ?? 502
  if (method === 'HEAD' || status === 204 || status === 304) {
    message.resume()
    return { status, headers, body: { kind: 'none' } }
  }
  const [mediaType = ''] = (message.headers['content-type'] ?? '').split(';')
  if (location || mediaType.trim().toLowerCase() !== 'text/html')
    return { status, headers, body: { kind: 'stream', chunks: message } }
  const packing = packings[message.headers['content-encoding'] ?? '']
  if (!packing) return { status, headers, body: { kind: 'stream', chunks: message } }
  delete headers['content-length']
  return { status, headers, body: { kind: 'stream', chunks: rewritten(message, base, packing()) } }
}

function headersOf(message: IncomingMessage): Record<string, string | string[]> {
  const named = new Set((message.headers.connection ?? '').split(',').map(name => name.trim().toLowerCase()))
  const headers: Record<string, string | string[]> = {}
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (!values || dropped.test(name) || named.has(name)) continue
    const [only] = values
    headers[name] = values.length === 1 && only !== undefined ? only : values
  }
  const own = 'no-cache, private'
  const theirs = message.headers['cache-control']
  headers['cache-control'] = theirs ? [own, theirs] : own
  return headers
}

interface Packing {
  readonly unpack?: Duplex
  readonly pack?: Duplex
}

const packings: { readonly [encoding: string]: () => Packing } = {
  '': () => ({}),
  gzip: () => ({ unpack: createGunzip(), pack: createGzip() }),
  deflate: () => ({ unpack: createInflate(), pack: createDeflate() }),
}

function rewritten(message: IncomingMessage, base: LinkBase, { unpack, pack }: Packing): AsyncIterable<Uint8Array> {
  // What breaks shows where the result is read.
  const ignore = () => {}
  const plain = unpack ? pipeline(message, unpack, ignore) : message
  const links = Readable.from(withLinks(plain, base), { objectMode: false })
  return pack ? pipeline(links, pack, ignore) : links
}

/** Tags are ASCII in every encoding that pages come in, so bytes can stand for characters. */
async function* withLinks(html: AsyncIterable<Buffer>, base: LinkBase): AsyncGenerator<Uint8Array> {
  const links = new HtmlLinks(link => rewriteLink(link, base))
  for await (const chunk of html) {
    const text = links.push(chunk.toString('latin1'))
    if (text) yield Buffer.from(text, 'latin1')
  }
  const rest = links.end()
  if (rest) yield Buffer.from(rest, 'latin1')
}
