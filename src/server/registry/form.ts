import type { ApiRequest } from '../../machinery/http.js'
import { isPartialMetadata, isTable, type Media, negotiate } from '../../machinery/negotiation.js'

/** How the client wants its answer. */
export interface Form {
  readonly media: Media
  readonly as: 'object' | 'table' | 'metadata'
  readonly contentType: string
  /** What a Table's rows carry of their object. */
  readonly include: 'None' | 'Metadata' | 'Object'
}

/** Reads the form off the Accept header and `includeObject`. Throws a 406 for what cannot be had. */
export function chooseForm(request: ApiRequest, stream = false): Form {
  const { media, as, contentType } = negotiate(request.headers.accept, {
    stream,
    converts: (to, media) => isTable(to, media) || isPartialMetadata(to),
  })
  const include = request.query.get('includeObject')
  return {
    media,
    as: as === undefined ? 'object' : as.kind === 'Table' ? 'table' : 'metadata',
    contentType,
    include: include === 'None' || include === 'Object' ? include : 'Metadata',
  }
}
