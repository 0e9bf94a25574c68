import type { LogOptions } from '../logs/read-log.js'
import { ServerError } from './server-error.js'

/** What a request for logs asks for. Throws `ServerError`. */
export function logQuery(query: URLSearchParams, now: number): LogOptions & { readonly previous: boolean } {
  const number = (name: string): number | undefined => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < 0) throw new ServerError(400, `Unable to decode query: ${name}=${text}`)
    return value
  }
  const flag = (name: string) => /^(?:true|1|t)$/i.test(query.get(name) ?? '')
  const sinceSeconds = number('sinceSeconds')
  const sinceTime = query.get('sinceTime')
  if (sinceSeconds !== undefined && sinceTime)
    throw new ServerError(400, 'at most one of `sinceTime` or `sinceSeconds` may be specified')
  if (sinceTime && Number.isNaN(Date.parse(sinceTime))) throw new ServerError(400, `invalid sinceTime: ${sinceTime}`)
  const since = sinceSeconds !== undefined ? now - sinceSeconds * 1000 : sinceTime ? Date.parse(sinceTime) : undefined
  const tailLines = number('tailLines')
  const limitBytes = number('limitBytes')
  const stream = query.get('stream') || 'All'
  if (!['All', 'Stdout', 'Stderr'].includes(stream)) throw new ServerError(400, `invalid stream: ${stream}`)
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === 'All' ? {} : { stream: stream === 'Stdout' ? ('stdout' as const) : ('stderr' as const) }),
  }
}
