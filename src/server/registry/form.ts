import type { ApiRequest } from '../../machinery/http.js'
import { isPartialMetadata, isTable, type Media, mediaTypes, negotiate } from '../../machinery/negotiation.js'
import type { Kind } from '../../schema/index.js'
import { wantsPretty } from '../respond.js'

/** How the client wants its answer. */
export interface Form {
  readonly media: Media
  readonly as: 'object' | 'table' | 'metadata'
  readonly contentType: string
  /** What a Table's rows carry of their object. */
  readonly include: 'None' | 'Metadata' | 'Object'
  /** JSON for people to read. */
  readonly pretty: boolean
}

const plain: Form = {
  media: 'json',
  as: 'object',
  contentType: mediaTypes.json,
  include: 'Metadata',
  pretty: false,
}

/** Custom resources have no protobuf. */
const textMedia: readonly Media[] = ['json', 'yaml']

/** Reads the form off the Accept header and the query. Throws a 406 for what cannot be had. */
export function chooseForm(request: ApiRequest, stream = false, kind?: Kind<unknown>): Form {
  const { query, headers } = request
  const indented = wantsPretty(request)
  if (headers.accept === mediaTypes.json && !indented) return plain
  const { media, as, contentType, pretty } = negotiate(headers.accept, {
    stream,
    ...(kind?.decoder ? { media: textMedia } : {}),
    converts: (to, media) => isTable(to, media) || isPartialMetadata(to),
  })
  const include = query.get('includeObject')
  return {
    media,
    as: as === undefined ? 'object' : as.kind === 'Table' ? 'table' : 'metadata',
    contentType,
    include: include === 'None' || include === 'Object' ? include : 'Metadata',
    pretty: pretty || indented,
  }
}
