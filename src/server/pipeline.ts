import type { ApiRequest, ApiResponse, UserInfo } from '../machinery/http.js'
import type { RequestInfo } from './request-info.js'

/** A request on its way through the server. */
export interface RequestContext {
  readonly request: ApiRequest
  readonly info: RequestInfo
  /** Set by authentication; stages behind it may rely on it. */
  user: UserInfo
  /** Texts for Warning headers, gathered on the way. */
  readonly warnings: string[]
  /** Names the request in the audit log, and in its answer. */
  readonly auditId: string
  /** Set by flow control: what the request was assigned to, for its answer. */
  flow?: FlowNames
  /** Adds something to what the audit log says of the request; there only if it is written down. */
  annotate?: (key: string, value: string) => void
}

/** Whose turn a request waited for. */
export interface FlowNames {
  readonly schemaUid: string
  readonly levelUid: string
}

/** One step of the pipeline: answers by itself, or calls `next` and may look at the answer. It may throw at once. */
export type Stage = (context: RequestContext, next: () => Promise<ApiResponse>) => Promise<ApiResponse>

/** Runs stages in order; the last one must answer. */
export function pipeline(stages: readonly Stage[]): (context: RequestContext) => Promise<ApiResponse> {
  return stages.reduceRight<(context: RequestContext) => Promise<ApiResponse>>(
    (rest, stage) => context => stage(context, () => rest(context)),
    async () => {
      throw new Error('the last stage of the pipeline did not answer')
    },
  )
}

/** Stages that answer paths outside the resources: requests for a resource, nearly all there are, pass them in one step. */
export function besideResources(stages: readonly Stage[]): Stage {
  return (context, next) =>
    context.info.resource
      ? next()
      : stages.reduceRight<() => Promise<ApiResponse>>((rest, stage) => () => stage(context, rest), next)()
}
