import { urlHost } from '../../machinery/ip-address.js'
import { messageOf } from '../../machinery/message-of.js'
/** What one run of a probe found. `unknown`: the check itself went wrong, which counts neither way. */
export interface CheckResult {
  readonly outcome: 'success' | 'failure' | 'unknown'
  readonly output: string
  /** It succeeded, but not as it should. */
  readonly isWarning?: boolean
}

export const success = (output = ''): CheckResult => ({ outcome: 'success', output })
export const warning = (output: string): CheckResult => ({ outcome: 'success', output, isWarning: true })
export const failure = (output: string): CheckResult => ({ outcome: 'failure', output })
export const unknown = (error: unknown): CheckResult => ({
  outcome: 'unknown',
  output: messageOf(error),
})

/** What of an answer is kept for an event's message. */
export const longestOutput = 10 * 1024

/** Where a pod answers. */
export interface Target {
  readonly host: string
  /** Names of ports of the container that is checked. */
  readonly ports: ReadonlyMap<string, number>
}

/** A port by number or by name. Throws if the container has none of that name. */
export function portNumber(port: number | string, ports: ReadonlyMap<string, number>): number {
  const number = typeof port === 'number' ? port : (ports.get(port) ?? Number(port))
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new Error(`couldn't find port: ${port}`)
  return number
}

export const joinHostPort = (host: string, port: number): string => `${urlHost(host)}:${port}`
