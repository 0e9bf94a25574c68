import type { ApiRequest } from '../../machinery/http.js'
import { negotiate } from '../../machinery/negotiation.js'

/** How the client wants its answer. */
export interface Form {
  readonly media: 'json' | 'yaml' | 'protobuf'
  readonly as: 'object' | 'table' | 'metadata'
  readonly contentType: string
}
