import type { HeaderField } from './static-table.js'

/** What a request says before its body. */
export interface RequestHead {
  readonly method: string
  /** With its query; `/` for CONNECT. */
  readonly path: string
  /** Names in lower case; `host` is the authority. Values of a header that comes several times are joined. */
  readonly headers: { readonly [name: string]: string | undefined }
  readonly fields: readonly HeaderField[]
  /** Bytes of the body, where the client tells. */
  readonly length?: number
}

/** Belong to one connection of HTTP/1.1. */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])
/** Of these the first counts. */
const single = new Set([
  ...['authorization', 'content-encoding', 'content-length', 'content-type', 'date', 'from', 'host', 'max-forwards'],
  ...['if-modified-since', 'if-unmodified-since', 'proxy-authorization', 'range', 'referer', 'user-agent'],
])
const validName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const invalidValue = /[\0\r\n]|^[ \t]|[ \t]$/

/** Names that have been found valid; there are few. */
const seenNames = new Set<string>()
const mostSeen = 1000

/** Makes a request of its headers; undefined if they are malformed: https://www.rfc-editor.org/rfc/rfc9113#section-8.3. */
export function requestHead(fields: readonly HeaderField[]): RequestHead | undefined {
  let method: string | undefined
  let path: string | undefined
  let scheme: string | undefined
  let authority: string | undefined
  const headers: Record<string, string> = {}
  let inFront = true
  for (const { name, value } of fields) {
    if (invalidValue.test(value)) return undefined
    if (name.charCodeAt(0) === colon) {
      if (!inFront) return undefined
      if (name === ':method' && method === undefined) method = value
      else if (name === ':path' && path === undefined) path = value
      else if (name === ':scheme' && scheme === undefined) scheme = value
      else if (name === ':authority' && authority === undefined) authority = value
      else return undefined
      continue
    }
    inFront = false
    if (!isValidName(name) || forbidden.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers'))
      return undefined
    const before = headers[name]
    if (before === undefined || !Object.hasOwn(headers, name)) headers[name] = value
    else if (name === 'content-length' && before !== value) return undefined
    else if (!single.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  if (authority !== undefined) headers['host'] = authority
  if (!method || !validMethod.test(method)) return undefined
  if (method === 'CONNECT') {
    if (path !== undefined || scheme !== undefined || !authority) return undefined
    path = '/'
  }
  if (!path || (!scheme && method !== 'CONNECT') || !(path.startsWith('/') || path === '*')) return undefined
  const told = headers['content-length']
  if (told === undefined) return { method, path, headers, fields }
  return /^\d{1,15}$/.test(told) ? { method, path, headers, fields, length: Number(told) } : undefined
}

/** Whether headers may stand behind a body. */
export const areTrailers = (fields: readonly HeaderField[]): boolean =>
  fields.every(({ name, value }) => isValidName(name) && !forbidden.has(name) && !invalidValue.test(value))

const colon = 58
const validMethod = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function isValidName(name: string): boolean {
  if (seenNames.has(name)) return true
  if (!validName.test(name)) return false
  if (seenNames.size < mostSeen) seenNames.add(name)
  return true
}
