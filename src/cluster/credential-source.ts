import { readFile } from 'node:fs/promises'
import { type Clock, systemClock } from '../machinery/clock.js'
import { messageOf } from '../machinery/message-of.js'
import type { Connection } from './connection.js'
import { type ExecCredential, runExecPlugin } from './exec-credential.js'
import { OperatorError } from './operator-error.js'

/** What to send so that the server knows who asks. */
export interface Credentials {
  /** The value of the Authorization header. */
  readonly authorization?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
}

/** Gives credentials that are valid now, renewing those that end. */
export interface CredentialSource {
  get(): Promise<Credentials>
  /** To be called when the server answered 401: what is remembered is not used again. */
  invalidate(): void
}

// Kubelets renew mounted tokens well before they end; client-go looks once a minute too.
const TOKEN_FILE_PERIOD = 60_000

/** The credentials of a connection. Token files are read every minute; programs are asked when their answer ends. */
export const credentialSource = (connection: Connection, clock: Clock = systemClock): CredentialSource => {
  const { exec, tokenFile, token, username, password, clientCert, clientKey } = connection
  const remember = <T>(fetch: () => Promise<T>, expires: (value: T) => number) => {
    let known: { value: Promise<T>; until: number } | undefined
    return {
      get: async (): Promise<T> => {
        if (known && known.until > clock.now()) return known.value
        const entry = { value: fetch(), until: Number.POSITIVE_INFINITY }
        known = entry
        try {
          const value = await entry.value
          entry.until = expires(value)
          return value
        } catch (error) {
          if (known === entry) known = undefined
          throw error
        }
      },
      forget: () => {
        known = undefined
      },
    }
  }
  const certificate = { clientCert, clientKey }
  const bearer = (value: string | undefined) => (value ? { authorization: `Bearer ${value}` } : {})

  if (exec) {
    const answers = remember<ExecCredential>(
      () => runExecPlugin(exec, connection),
      ({ expires = Number.POSITIVE_INFINITY }) => expires,
    )
    return {
      get: async () => {
        const answer = await answers.get()
        return {
          ...(answer.clientCert ? { clientCert: answer.clientCert, clientKey: answer.clientKey } : certificate),
          ...bearer(answer.token),
        }
      },
      invalidate: answers.forget,
    }
  }
  if (tokenFile) {
    const tokens = remember(
      () => readToken(tokenFile),
      () => clock.now() + TOKEN_FILE_PERIOD,
    )
    return { get: async () => ({ ...certificate, ...bearer(await tokens.get()) }), invalidate: tokens.forget }
  }
  const basic = username && Buffer.from(`${username}:${password ?? ''}`).toString('base64')
  const fixed = { ...certificate, ...(basic ? { authorization: `Basic ${basic}` } : {}), ...bearer(token) }
  return { get: async () => fixed, invalidate: () => {} }
}

const readToken = async (path: string): Promise<string> => {
  try {
    const token = (await readFile(path, 'utf8')).trim()
    if (token) return token
    throw new Error('it is empty')
  } catch (error) {
    throw new OperatorError(`the token file ${path} cannot be used: ${messageOf(error)}`, 'Check that it is mounted.', {
      cause: error,
    })
  }
}
