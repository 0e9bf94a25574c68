import { CelError, EntryMap, ListValue, OpaqueValue } from '../values.js'
import { declare } from './declare.js'

class UrlValue extends OpaqueValue {
  readonly typeName = 'kubernetes.URL'

  constructor(
    readonly text: string,
    readonly parts: UrlParts,
  ) {
    super()
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof UrlValue && other.text === this.text
  }
}

interface UrlParts {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

/** Reads what Go's `ParseRequestURI` accepts: an absolute URL, or an absolute path. */
function partsOf(text: string): UrlParts | undefined {
  const found = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/(?:[^/?#]*@)?([^/?]*))?)?([^?]*)(?:\?(.*))?$/s.exec(text)
  if (!found || text === '' || /[\p{Cc} ]/u.test(text)) return undefined
  const [, scheme = '', host = '', path = '', query = ''] = found
  if (scheme === '' && !path.startsWith('/')) return undefined
  if (scheme === '' && path.startsWith('//')) return undefined
  if (/%(?![0-9a-fA-F]{2})/.test(path) || /[^a-zA-Z0-9\-._~!$&'()*+,;=:[\]%<>"]/.test(host)) return undefined
  if (/:[^:\]]*$/.test(host) && !/:\d*$/.test(host) && !host.endsWith(']')) return undefined
  return { scheme: scheme.toLowerCase(), host, path, query }
}

const hostname = (host: string): string =>
  host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '')

/** The path as it is sent: characters that must be escaped are. */
const escapedPath = (path: string): string =>
  path.replace(/[^a-zA-Z0-9\-._~!$&'()*+,;=:@/%]/gu, char => encodeURIComponent(char))

function queryOf(query: string): EntryMap {
  const map = new EntryMap()
  const params = new URLSearchParams(query)
  for (const name of new Set(params.keys())) map.set(name, new ListValue(params.getAll(name)))
  return map
}

export const urlFunctions = declare({
  'url(string): kubernetes.URL': (text: string) => {
    const parts = partsOf(text)
    if (!parts)
      throw new CelError(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
      )
    return new UrlValue(text, parts)
  },
  'isURL(string): bool': (text: string) => partsOf(text) !== undefined,
  'kubernetes.URL.getScheme(): string': ({ parts }: UrlValue) => parts.scheme,
  'kubernetes.URL.getHost(): string': ({ parts }: UrlValue) => parts.host,
  'kubernetes.URL.getHostname(): string': ({ parts }: UrlValue) => hostname(parts.host),
  'kubernetes.URL.getPort(): string': ({ parts }: UrlValue) => /:(\d+)$/.exec(parts.host)?.[1] ?? '',
  'kubernetes.URL.getEscapedPath(): string': ({ parts }: UrlValue) => escapedPath(parts.path),
  'kubernetes.URL.getQuery(): map(string, list(string))': ({ parts }: UrlValue) => queryOf(parts.query),
})
