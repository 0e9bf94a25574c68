import { randomUUID } from 'node:crypto'
import type { Clock } from '../machinery/clock.js'
import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import { badRequest, StatusError } from '../machinery/status-error.js'
import { parseDuration } from '../schema/index.js'
import { anonymous } from './authentication/authenticator.js'
import { lengthOf } from './http/send.js'
import { isLongRunning } from './in-flight.js'
import type { RequestMetrics } from './metrics/request-metrics.js'
import type { FlowNames, RequestContext } from './pipeline.js'
import { RequestDeadlines } from './request-deadlines.js'
import { type RequestInfo, requestInfo } from './request-info.js'
import { errorResponse, text } from './respond.js'
import { warningHeaders } from './warnings.js'

export interface ServingOptions {
  readonly run: (context: RequestContext) => Promise<ApiResponse>
  readonly metrics: RequestMetrics
  readonly clock: Clock
  /** How long a request may take that does not last as long as its client likes, in milliseconds. */
  readonly requestTimeoutMs: number
  /** Faults of the server itself, for the log. */
  readonly onError: (error: unknown) => void
}

/** What is around the pipeline: counts requests, ends those that take too long, and turns errors into answers. */
export class Serving {
  readonly #deadlines: RequestDeadlines
  #underWay = 0
  #stopping = false
  #settled: (() => void) | undefined

  constructor(private readonly options: ServingOptions) {
    this.#deadlines = new RequestDeadlines(options.clock, options.requestTimeoutMs)
  }

  /** From now on requests from outside are sent away. */
  stop(): void {
    this.#stopping = true
  }

  /** Resolves once no request is worked on, but those that last as long as their client likes. */
  settled(): Promise<void> {
    return new Promise(resolve => {
      if (this.#underWay === 0) resolve()
      else this.#settled = resolve
    })
  }

  handle(request: ApiRequest): Promise<ApiResponse> {
    const { onError } = this.options
    const auditId = request.user ? '' : request.headers['audit-id'] || randomUUID()
    const warnings: string[] = []
    // This is about the server, whatever is served.
    if (request.path === '*' && request.method === 'OPTIONS')
      return Promise.resolve({ status: 200, headers: { 'content-length': '0' }, body: { kind: 'none' } })
    let info: RequestInfo
    try {
      info = requestInfo(request.method, request.path, request.query)
    } catch (error) {
      return Promise.resolve(complete(errorResponse(request, error, onError), { auditId, warnings }))
    }
    const context: RequestContext = { request, info, user: anonymous, warnings, auditId }
    if (this.#stopping && !request.user) return Promise.resolve(complete(shuttingDown(), context))
    return new Promise(resolve => this.#answer(context, resolve))
  }

  /** Calls `resolve` once with the answer, or with the news that there is none in time. */
  #answer(context: RequestContext, resolve: (answer: ApiResponse) => void): void {
    const { metrics, onError, run } = this.options
    const { request, info } = context
    const begun = performance.now()
    const long = isLongRunning(info)
    let over = false
    let deadline: Disposable | undefined
    const answered = (answer: ApiResponse) => {
      if (over) return discard(answer)
      over = true
      deadline?.[Symbol.dispose]()
      if (!long && --this.#underWay === 0) this.#settled?.()
      metrics.end(request, info, answer.status, (performance.now() - begun) / 1000, lengthOf(answer))
      resolve(complete(answer, context))
    }
    const failed = (error: unknown) => answered(errorResponse(request, error, onError))
    metrics.begin(info)
    if (!long) this.#underWay++
    try {
      if (!long)
        deadline = this.#deadlineOf(request, () => {
          metrics.terminated(request, info, 504)
          failed(tooLate())
        })
      run(context).then(answered, failed)
    } catch (error) {
      failed(error)
    }
  }

  /** The work goes on when its time is over, but nobody waits for it. */
  #deadlineOf({ query }: ApiRequest, expire: () => void): Disposable {
    const asked = query.size > 0 ? timeoutIn(query) : undefined
    return asked !== undefined && asked < this.options.requestTimeoutMs
      ? this.options.clock.after(asked, expire)
      : this.#deadlines.add(expire)
  }
}

/** Throws a 400 for a `?timeout=` that is no duration. */
function timeoutIn(query: URLSearchParams): number | undefined {
  const asked = query.get('timeout')
  if (!asked) return undefined
  try {
    const ms = Number(parseDuration(asked)) / 1e6
    return ms > 0 ? ms : undefined
  } catch {
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(asked)}`)
  }
}

const tooLate = () =>
  new StatusError(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout', {})

function shuttingDown(): ApiResponse {
  const answer = text(503, 'apiserver is shutting down\n')
  return { ...answer, headers: { ...answer.headers, 'retry-after': '1' } }
}

/** Lets go of an answer that nobody reads. */
function discard({ body }: ApiResponse): void {
  if (body.kind !== 'stream') return
  if ('close' in body.chunks) body.chunks.close()
  else void body.chunks[Symbol.asyncIterator]().return?.()
}

/** The answer with what every answer says. */
function complete(
  answer: ApiResponse,
  { auditId, flow, warnings }: Pick<RequestContext, 'auditId' | 'flow' | 'warnings'>,
): ApiResponse {
  const { status, body } = answer
  if (body.kind === 'object') return answer
  if (!flow || !auditId || warnings.length > 0)
    return { status, headers: rareHeaders(answer, auditId, flow, warnings), body }
  return {
    status,
    // A literal that ends with the copy: the other way around it is thirty times as dear.
    headers: {
      'audit-id': auditId,
      'x-kubernetes-pf-flowschema-uid': flow.schemaUid,
      'x-kubernetes-pf-prioritylevel-uid': flow.levelUid,
      ...answer.headers,
    },
    body,
  }
}

function rareHeaders(
  { headers }: ApiResponse,
  auditId: string,
  flow: FlowNames | undefined,
  warnings: readonly string[],
): ApiResponse['headers'] {
  if (!flow && warnings.length === 0) return auditId ? { 'audit-id': auditId, ...headers } : headers
  return {
    ...(auditId ? { 'audit-id': auditId } : {}),
    ...(flow
      ? {
          'x-kubernetes-pf-flowschema-uid': flow.schemaUid,
          'x-kubernetes-pf-prioritylevel-uid': flow.levelUid,
        }
      : {}),
    ...headers,
    ...(warnings.length > 0 ? { warning: warningHeaders(warnings) } : {}),
  }
}
