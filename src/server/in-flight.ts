import type { ApiResponse } from '../machinery/http.js'
import { tooManyRequests } from '../machinery/status-error.js'
import type { RequestContext, Stage } from './pipeline.js'
import type { RequestInfo } from './request-info.js'

export interface InFlightLimits {
  /** Requests that are worked on at a time; more wait for their turn. */
  readonly executing: number
  /** Requests that may wait; more are sent away with a 429. */
  readonly waiting: number
}

/** Subresources whose answer lasts as long as the client likes. */
const longSubresources = new Set(['log', 'exec', 'attach', 'portforward', 'proxy'])

/** Whether a request lasts as long as its client likes: it counts towards no limit. */
export const isLongRunning = ({ verb, resource }: RequestInfo): boolean =>
  verb === 'watch' || (resource !== undefined && longSubresources.has(resource.subresource))

/**
 * Keeps the server from drowning: so many requests at a time, the others in the order they came. Components in the same
 * process and administrators are let through, so that somebody can still look after an overloaded server.
 */
export function inFlightStage({ executing: most, waiting: mostWaiting }: InFlightLimits): Stage {
  let executing = 0
  const waiting = new Set<() => void>()
  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        waiting.delete(begin)
        reject(signal.reason)
      }
      if (signal.aborted) return giveUp()
      waiting.add(begin)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  return (context, next) => {
    const { request, info, user } = context
    const limited = !request.user && info.resource && !isLongRunning(info) && !user.groups.includes('system:masters')
    return limited ? inTurn(context, next) : next()
  }
  async function inTurn({ request }: RequestContext, next: () => Promise<ApiResponse>): Promise<ApiResponse> {
    if (executing >= most) {
      if (waiting.size >= mostWaiting) throw tooManyRequests('Too many requests, please try again later.', 1)
      // Whoever ends hands on its place, so that nobody comes in between.
      await turn(request.signal)
    } else executing++
    try {
      return await next()
    } finally {
      const [following] = waiting
      if (following) {
        waiting.delete(following)
        following()
      } else executing--
    }
  }
}
