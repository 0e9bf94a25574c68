import { randomUUID } from 'node:crypto'
import type { Clock } from '../machinery/clock.js'
import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import { badRequest, StatusError } from '../machinery/status-error.js'
import { parseDuration } from '../schema/index.js'
import { anonymous } from './authentication/authenticator.js'
import { isLongRunning } from './in-flight.js'
import type { RequestMetrics } from './metrics/request-metrics.js'
import type { RequestContext } from './pipeline.js'
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
    const begun = performance.now()
    const { metrics, onError } = this.options
    const headers: Record<string, string> = {}
    const warnings: string[] = []
    if (!request.user) headers['audit-id'] = request.headers['audit-id'] || randomUUID()
    let info: RequestInfo
    try {
      info = requestInfo(request.method, request.path, request.query)
    } catch (error) {
      return Promise.resolve(withHeaders(errorResponse(request, error, onError), headers, warnings))
    }
    const long = isLongRunning(info)
    if (this.#stopping && !request.user) return Promise.resolve(withHeaders(shuttingDown(), headers, warnings))
    metrics.begin(info)
    const end = (answer: ApiResponse): ApiResponse => {
      if (!long && --this.#underWay === 0) this.#settled?.()
      metrics.end(request, info, answer.status, (performance.now() - begun) / 1000, sizeOf(answer))
      return withHeaders(answer, headers, warnings)
    }
    const context: RequestContext = { request, info, user: anonymous, warnings, headers }
    const fail = (error: unknown) => errorResponse(request, error, onError)
    if (long) return this.#run(context).then(undefined, fail).then(end)
    this.#underWay++
    return this.#inTime(context).then(undefined, fail).then(end)
  }

  async #run(context: RequestContext): Promise<ApiResponse> {
    return this.options.run(context)
  }

  /** The answer, or the news that there is none in time. The work goes on, but nobody waits for it. */
  #inTime(context: RequestContext): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      let over = false
      const expire = () => {
        over = true
        this.options.metrics.terminated(context.request, context.info, 504)
        reject(tooLate())
      }
      const asked = context.request.query.size > 0 ? timeoutIn(context.request.query) : undefined
      const shorter = asked !== undefined && asked < this.options.requestTimeoutMs
      const timer = shorter ? this.options.clock.after(asked, expire) : undefined
      const deadline = shorter ? undefined : this.#deadlines.add(expire)
      const settle = () => {
        timer?.[Symbol.dispose]()
        if (deadline) this.#deadlines.met(deadline)
      }
      let work: Promise<ApiResponse>
      try {
        work = this.options.run(context)
      } catch (error) {
        settle()
        throw error
      }
      work.then(
        answer => {
          settle()
          if (over) discard(answer)
          else resolve(answer)
        },
        error => {
          settle()
          reject(error)
        },
      )
    })
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

function sizeOf({ body }: ApiResponse): number {
  let size = 0
  if (body.kind === 'bytes') for (const chunk of body.chunks) size += chunk.length
  return size
}

function withHeaders(
  response: ApiResponse,
  headers: { readonly [name: string]: string },
  warnings: readonly string[],
): ApiResponse {
  const { status, body } = response
  if (body.kind === 'object') return response
  return {
    status,
    headers:
      warnings.length === 0
        ? { ...headers, ...response.headers }
        : { ...headers, ...response.headers, warning: warningHeaders(warnings) },
    body,
  }
}
