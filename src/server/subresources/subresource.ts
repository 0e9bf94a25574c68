import type { ApiResponse } from '../../machinery/http.js'
import type { RequestContext } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import type { Registry, WriteContext } from '../registry/registry.js'
import type { ResourceInfo } from '../request-info.js'

export interface SubresourceCall {
  readonly context: RequestContext
  readonly info: ResourceInfo
  /** The parent's registry, or that of the kind itself. */
  readonly registry: Registry
  readonly registries: Registries
}

/** A connection to whoever runs the object. */
export type ConnectHandler = (call: SubresourceCall) => Promise<ApiResponse>

/** A POST with a decoded body of the subresource's own kind, or of a kind that is never stored. */
export type ActionHandler = (
  call: SubresourceCall & { readonly body: unknown; readonly write: WriteContext },
) => Promise<ApiResponse>
