import { forbiddenField, notSupported } from '../../machinery/field-errors.js'
import { badRequest, type FieldError, invalid } from '../../machinery/status-error.js'
import { isTrue } from '../request-info.js'
import { integer, revisionIn } from './query.js'

/** What the query of a list asks for. */
export interface ListOptions {
  /** 0 when there is no limit. */
  readonly limit: number
  /** Token of the page to go on with; empty for the first. */
  readonly continue: string
  /** 0: whatever is in memory, which is the newest here; undefined: the newest. */
  readonly revision: number | undefined
  readonly match: 'Exact' | 'NotOlderThan' | ''
}

/** What the query of a watch asks for. */
export interface WatchOptions {
  /** 0: begin with what there is; undefined: the same, of the newest state. */
  readonly revision: number | undefined
  /** Whether the present objects come first; by the version when the client does not say. */
  readonly sendInitialEvents: boolean | undefined
  readonly bookmarks: boolean
  readonly timeoutSeconds: number
}

const kind = { group: 'meta.k8s.io', kind: 'ListOptions' }
const field = 'resourceVersionMatch'

/** Throws a 400 or 422 for options that cannot be read or contradict each other. */
export function listOptions(query: URLSearchParams): ListOptions {
  // Most lists have no options at all.
  if (query.size === 0) return { limit: 0, continue: '', revision: undefined, match: '' }
  const limit = Math.max(0, integer(query, 'limit') ?? 0)
  const version = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const token = query.get('continue') ?? ''
  const errors: FieldError[] = []
  if (match) {
    if (!version)
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'))
    if (token) errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && version === '0')
      errors.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
  }
  if (query.has('sendInitialEvents'))
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  if (errors.length > 0) throw invalid(kind, '', errors)
  const revision = revisionIn(query)
  if (token && revision > 0) throw badRequest('specifying resource version is not allowed when using continue')
  return {
    limit,
    continue: token,
    revision: version === '' ? undefined : revision,
    match: match as ListOptions['match'],
  }
}

/** Throws a 400 or 422 for options that cannot be read or contradict each other. */
export function watchOptions(query: URLSearchParams): WatchOptions {
  const version = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const sends = query.get('sendInitialEvents')
  const errors: FieldError[] = []
  if (sends !== null && match !== 'NotOlderThan')
    errors.push(forbiddenField(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'))
  if (match) {
    if (sends === null)
      errors.push(
        forbiddenField(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      )
    if (match !== 'NotOlderThan') errors.push(notSupported(field, match, ['NotOlderThan']))
    if (query.get('continue'))
      errors.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'))
  }
  if (errors.length > 0) throw invalid(kind, '', errors)
  const timeoutSeconds = integer(query, 'timeoutSeconds') ?? 0
  return {
    revision: version === '' ? undefined : revisionIn(query),
    sendInitialEvents: sends === null ? undefined : isTrue(sends),
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    timeoutSeconds,
  }
}
