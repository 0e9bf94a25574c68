import { connect } from 'node:net'
import { type CheckResult, failure, joinHostPort, success } from './check-result.js'

const causes: { readonly [code: string]: string } = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ECONNRESET: 'read: connection reset by peer',
  ETIMEDOUT: 'connect: connection timed out',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
}

/** Why a connection did not come about, in the words that Kubernetes users know. */
export function dialError(error: unknown): string {
  const {
    code = '',
    address,
    port,
    hostname,
    message,
  } = error as NodeJS.ErrnoException & {
    address?: string
    port?: number
    hostname?: string
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: no such host`
  const cause = causes[code]
  if (!cause) return message ?? String(error)
  return cause.startsWith('connect') && address && port ? `dial tcp ${joinHostPort(address, port)}: ${cause}` : cause
}

/** Whether something listens at a port. `timeout` in milliseconds. */
export function tcpCheck(host: string, port: number, timeout: number): Promise<CheckResult> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (result: CheckResult) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => end(failure(`dial tcp ${joinHostPort(host, port)}: i/o timeout`)), timeout)
    socket.on('connect', () => end(success()))
    socket.on('error', error => end(failure(dialError(error))))
  })
}
