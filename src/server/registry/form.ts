import { goQuote } from '../../machinery/go-format.js'
import type { ApiRequest } from '../../machinery/http.js'
import { isPartialMetadata, isTable, type Media, mediaTypes, negotiate } from '../../machinery/negotiation.js'
import { badRequest } from '../../machinery/status-error.js'
import type { Kind } from '../../schema/index.js'
import { wantsPretty } from '../respond.js'

/** How the client wants its answer. */
export interface Form {
  readonly media: Media
  readonly as: 'object' | 'table' | 'metadata'
  readonly contentType: string
  /** Version of meta.k8s.io that a Table or metadata is to have. */
  readonly version: string
  /** The client asked for `PartialObjectMetadataList`, which only a list can be turned into. */
  readonly asList: boolean
  /** What a Table's rows carry of their object. */
  readonly include: 'None' | 'Metadata' | 'Object'
  /** JSON for people to read. */
  readonly pretty: boolean
}

const plain: Form = {
  media: 'json',
  as: 'object',
  contentType: mediaTypes.json,
  version: 'v1',
  asList: false,
  include: 'Metadata',
  pretty: false,
}

function includeOf(query: URLSearchParams): Form['include'] {
  const asked = query.get('includeObject') || 'Metadata'
  if (asked === 'None' || asked === 'Object' || asked === 'Metadata') return asked
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${goQuote(asked)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

/**
 * Reads the form off the Accept header and the query. Throws a 406 for what cannot be had, a 400 for a Table of something
 * unknown. `stream`: the answer is a watch. `tabular`: there can be a Table of it.
 */
export function chooseForm(request: ApiRequest, stream = false, kind?: Kind<unknown>, tabular = true): Form {
  const { query, headers } = request
  const indented = wantsPretty(request)
  if (headers.accept === mediaTypes.json && !indented) return plain
  const { media, as, contentType, pretty } = negotiate(headers.accept, {
    stream,
    watch: stream,
    custom: kind?.decoder !== undefined,
    converts: (to, media) => (tabular && isTable(to, media)) || isPartialMetadata(to),
  })
  const include = as?.kind === 'Table' ? includeOf(query) : 'Metadata'
  return {
    media,
    as: as === undefined ? 'object' : as.kind === 'Table' ? 'table' : 'metadata',
    contentType,
    version: as?.version ?? 'v1',
    asList: as?.kind === 'PartialObjectMetadataList',
    include,
    pretty: pretty || indented,
  }
}
