import type { UserInfo } from '../machinery/http.js'
import { StatusError } from '../machinery/status-error.js'
import type { RequestHead } from './authentication/authenticator.js'
import type { RequestContext, Stage } from './pipeline.js'
import type { PluginLimits } from './plugin-limits.js'
import type { RequestInfo } from './request-info.js'
import type { RequestMatch } from './request-match.js'
import { errorResponse } from './respond.js'

/** A request as hooks see it: who asks for what. */
export interface HookedRequest extends Omit<RequestHead, 'clientCertificate'>, RequestInfo {
  readonly user: UserInfo
  /** Names the request in the audit log, and in its answer. */
  readonly auditId: string
}

/** An answer as hooks see it; a watch is over for them when it begins. */
export interface HookedAnswer {
  readonly status: number
  readonly durationMs: number
}

/** Headers to be added to an answer. */
export interface AddedHeaders {
  readonly headers: { readonly [name: string]: string }
}

/**
 * Looks at requests and their answers once it is known who asks: `before` whether it is allowed is looked at, and
 * `after` it is answered. Requests of the cluster's own components do not come by.
 */
export interface RequestHook extends PluginLimits {
  readonly name: string
  /** Everything by default. */
  readonly match?: RequestMatch
  /** Throw a `StatusError` to refuse the request. */
  before?(request: HookedRequest): Promise<void> | void
  /** May answer headers to be added. What it throws is reported; the answer goes out as it is. */
  after?(
    request: HookedRequest,
    answer: HookedAnswer,
  ): Promise<AddedHeaders | undefined> | Promise<void> | AddedHeaders | undefined | void
}

/** A hook as the server runs it: it tells itself which requests it is for, and never throws but to refuse. */
export interface RunningHook extends RequestHook {
  wants(context: RequestContext): boolean
}

/** The stage that runs hooks: requests which none wants pass it in one step. */
export function requestHooksStage(hooks: readonly RunningHook[]): Stage {
  return (context, next) => {
    const wanted = hooks.filter(hook => hook.wants(context))
    return wanted.length === 0 ? next() : runHooks(wanted, context, next)
  }
}

async function runHooks(hooks: readonly RunningHook[], context: RequestContext, next: Parameters<Stage>[1]) {
  const { method, query, headers, remoteAddress } = context.request
  const { info, user, auditId } = context
  const request: HookedRequest = { ...info, method, query, headers, remoteAddress, user, auditId }
  const begun = performance.now()
  const added: { [name: string]: string } = {}
  const answered = async (status: number) => {
    const answer = { status, durationMs: performance.now() - begun }
    for (const hook of hooks) Object.assign(added, (await hook.after?.(request, answer))?.headers)
  }
  try {
    for (const hook of hooks) await hook.before?.(request)
    const answer = await next()
    await answered(answer.status)
    return { ...answer, headers: { ...answer.headers, ...added } }
  } catch (error) {
    await answered(error instanceof StatusError ? error.code : 500)
    if (!(error instanceof StatusError) || Object.keys(added).length === 0) throw error
    const answer = errorResponse(context.request, error, () => {})
    return { ...answer, headers: { ...answer.headers, ...added } }
  }
}
