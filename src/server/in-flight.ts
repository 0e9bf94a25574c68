import type { ApiResponse } from '../machinery/http.js'
import type { Stage } from './pipeline.js'
import type { RequestInfo } from './request-info.js'
import { text } from './respond.js'

export interface InFlightLimits {
  /** Requests that change nothing, worked on at a time; any number if 0. */
  readonly reads: number
  /** Requests that may change something. */
  readonly writes: number
}

/** As upstream has them. */
export const defaultInFlight: InFlightLimits = { reads: 400, writes: 200 }

/** Subresources whose answer lasts as long as the client likes. */
const longSubresources = new Set(['log', 'exec', 'attach', 'portforward', 'proxy'])

/** Whether a request lasts as long as its client likes: it counts towards no limit. */
export const isLongRunning = ({ verb, resource }: RequestInfo): boolean =>
  verb === 'watch' || (resource !== undefined && longSubresources.has(resource.subresource))

const reading = new Set(['get', 'list', 'watch'])

/** Whether a request changes nothing, by its verb. */
export const isRead = ({ verb }: RequestInfo): boolean => reading.has(verb)

/** Who is sent away, as upstream words it. */
export function tooMany(retryAfterSeconds: number): ApiResponse {
  const answer = text(429, 'Too many requests, please try again later.\n')
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } }
}

/**
 * Keeps the server from drowning, without priority and fairness: so many requests at a time, all others are sent away.
 * Components in the same process and administrators are let through, so that somebody can still look after an
 * overloaded server.
 */
export function inFlightStage({ reads, writes }: InFlightLimits): Stage {
  const executing = { reads: 0, writes: 0 }
  const counted = async (kind: 'reads' | 'writes', next: () => Promise<ApiResponse>): Promise<ApiResponse> => {
    executing[kind]++
    try {
      return await next()
    } finally {
      executing[kind]--
    }
  }
  return ({ request, info, user }, next) => {
    if (request.user || isLongRunning(info) || user.groups.includes('system:masters')) return next()
    const kind = isRead(info) ? 'reads' : 'writes'
    const most = kind === 'reads' ? reads : writes
    if (most === 0) return next()
    if (executing[kind] >= most) return Promise.resolve(tooMany(1))
    return counted(kind, next)
  }
}
