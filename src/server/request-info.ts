import { badRequest } from '../machinery/status-error.js'

/** What a request is about, read off its method, path and query alone. */
export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; for other paths the method in lower case. */
  readonly verb: string
  readonly path: string
  /** Set for paths below /api and /apis that name a resource. */
  readonly resource?: ResourceInfo
}

export interface ResourceInfo {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** What follows the subresource: the rest of a proxy path. */
  readonly rest: string
}

const verbs: { readonly [method: string]: string } = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Subresources of a namespace itself; any other word behind its name is a resource within it. */
const namespaceSubresources = new Set(['status', 'finalize'])

/**
 * Reads `/api/v1/...` and `/apis/GROUP/VERSION/...` as
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris describes. Throws a 400 for undecodable
 * path segments.
 */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const verb = verbs[method] ?? method.toLowerCase()
  const segments = path.split('/').filter(segment => segment !== '')
  const [root, ...rest] = segments
  let group = ''
  let version: string | undefined
  let parts: string[]
  if (root === 'api') [version, ...parts] = rest
  else if (root === 'apis' && rest.length > 1) {
    group = rest[0] ?? ''
    version = rest[1]
    parts = rest.slice(2)
  } else return { verb: method.toLowerCase(), path }
  if (!version || parts.length === 0) return { verb: method.toLowerCase(), path }

  // The old form `/api/v1/watch/pods` is a watch of what follows.
  let watching = false
  if (parts[0] === 'watch' && parts.length > 1) {
    watching = true
    parts = parts.slice(1)
  }
  let namespace = ''
  if (parts[0] === 'namespaces' && parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '')) {
    namespace = decode(parts[1] ?? '')
    parts = parts.slice(2)
  }
  const plural = decode(parts[0] ?? '')
  let name = decode(parts[1] ?? '')
  const subresource = decode(parts[2] ?? '')
  if (plural === 'namespaces' && group === '') namespace = name
  const resource: ResourceInfo = { group, version, plural, subresource, namespace, name, rest: restOf(path, parts) }

  let resourceVerb = verb
  if (verb === 'get' && !subresource) {
    if (watching || isTrue(query.get('watch'))) {
      resourceVerb = 'watch'
      name ||= ''
    } else if (!name) resourceVerb = 'list'
  }
  if (verb === 'delete' && !name) resourceVerb = 'deletecollection'
  return { verb: resourceVerb, path, resource }
}

/** Go's notion of a true query parameter: an empty value counts, `0` and `false` do not. */
export const isTrue = (value: string | null): boolean =>
  value !== null && value !== '0' && value.toLowerCase() !== 'false'

function restOf(path: string, parts: readonly string[]): string {
  if (parts.length <= 3) return path.endsWith('/') ? '/' : ''
  // Keeps the bytes of the proxied path as the client wrote them, trailing slash included.
  return `/${parts.slice(3).join('/')}${path.endsWith('/') ? '/' : ''}`
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest(`invalid escape in the path segment ${JSON.stringify(segment)}`)
  }
}
