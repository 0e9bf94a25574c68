import { StatusError } from '../machinery/status-error.js'

/** Nothing can be read off the request; it never gets as far as to be answered with a Status. */
export class RequestFault extends Error {
  constructor(
    readonly code: 400 | 500,
    message: string,
  ) {
    super(message)
  }
}

/** What a request is about, read off its method, path and query alone. */
export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; empty for a method that is none of a resource's; for
   * other paths the method in lower case. */
  readonly verb: string
  /** Decoded. */
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

/** Words that once stood before a resource; `watch` still may. */
const oldForms = new Set(['proxy', 'watch'])

/** Subresources of a namespace itself; any other word behind its name is a resource within it. */
const namespaceSubresources = new Set(['status', 'finalize'])

/**
 * Reads `/api/v1/...` and `/apis/GROUP/VERSION/...` as
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris describes. Throws a `RequestFault` for a
 * path that cannot be decoded or is of the old form and names nothing, a 404 for one with empty segments.
 */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  // Decoded as a whole, before it is split: an encoded slash is a slash, and no name can contain one.
  const decoded = path.includes('%') ? decode(path) : path
  const segments = segmentsOf(decoded)
  const root = segments[0]
  if (root !== 'api' && root !== 'apis') return { verb: method.toLowerCase(), path: decoded }
  // Where the parts behind the version begin.
  let at = root === 'api' ? 2 : 3
  if (segments.length <= at) {
    check(segments, segments.length)
    return { verb: method.toLowerCase(), path: decoded }
  }
  const group = root === 'api' ? '' : (segments[1] ?? '')
  const version = segments[at - 1] ?? ''
  // The old form `/api/v1/watch/pods` is a watch of what follows.
  if (oldForms.has(segments[at] ?? '') && segments.length === at + 1)
    throw new RequestFault(
      500,
      `failed to create RequestInfo: unable to determine kind and namespace from url, ${path}`,
    )
  const watching = segments[at] === 'watch'
  if (watching) at++
  let namespace = ''
  if (segments[at] === 'namespaces' && segments.length > at + 2 && !namespaceSubresources.has(segments[at + 2] ?? '')) {
    namespace = segments[at + 1] ?? ''
    at += 2
  }
  const plural = segments[at] ?? ''
  const name = segments[at + 1] ?? ''
  const subresource = segments[at + 2] ?? ''
  check(segments, at + 3)
  if (plural === 'namespaces' && group === '') namespace = name
  const slash = decoded.endsWith('/') ? '/' : ''
  const resource: ResourceInfo = {
    group,
    version,
    plural,
    subresource,
    namespace,
    name,
    rest: segments.length > at + 3 ? `/${segments.slice(at + 3).join('/')}${slash}` : subresource ? slash : '',
  }
  return { verb: resourceVerb(method, watching, resource, query), path: decoded, resource }
}

function resourceVerb(
  method: string,
  watching: boolean,
  { name, subresource }: ResourceInfo,
  query: URLSearchParams,
): string {
  const verb = verbs[method] ?? ''
  if (verb === 'get' && !subresource) {
    if (watching) return 'watch'
    if (!name) return query.size > 0 && isTrue(query.get('watch')) ? 'watch' : 'list'
  }
  return verb === 'delete' && !name ? 'deletecollection' : verb
}

const slashCode = 0x2f

/** The path without the slashes at its ends, in parts. */
function segmentsOf(path: string): readonly string[] {
  let end = path.length
  while (end > 1 && path.charCodeAt(end - 1) === slashCode) end--
  const segments: string[] = []
  for (let from = 1; ; ) {
    const slash = path.indexOf('/', from)
    if (slash < 0 || slash >= end) {
      segments.push(path.slice(from, end))
      return segments
    }
    segments.push(path.slice(from, slash))
    from = slash + 1
  }
}

/** Nothing is called nothing: `/api//v1` is no other way to write `/api/v1`. */
function check(segments: readonly string[], count: number): void {
  for (let i = 0; i < Math.min(count, segments.length); i++)
    if (segments[i] === '')
      throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

/** Go's notion of a true query parameter: an empty value counts, `0` and `false` do not. */
export const isTrue = (value: string | null): boolean =>
  value !== null && value !== '0' && value.toLowerCase() !== 'false'

function decode(path: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw new RequestFault(400, 'the path holds what is no escape')
  try {
    return decodeURIComponent(path)
  } catch {
    // No UTF-8, and so nobody's name: it is said of a name that resembles it that nothing is called so.
    return Buffer.from(
      path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    ).toString()
  }
}
