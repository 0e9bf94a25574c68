import { badRequest } from '../../machinery/status-error.js'

/** Where the next page of a list begins, and the revision all its pages show. */
export interface ContinueToken {
  readonly revision: number
  /** Key below the resource's folder after which to go on. */
  readonly after: string
}

export const encodeContinue = ({ revision, after }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\0` })).toString('base64url')

/** Throws a 400 for anything `encodeContinue` did not make. */
export function decodeContinue(token: string): ContinueToken {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as {
      v?: unknown
      rv?: unknown
      start?: unknown
    }
    if (v === 'meta.k8s.io/v1' && Number.isSafeInteger(rv) && (rv as number) > 0 && typeof start === 'string')
      return { revision: rv as number, after: start.replace(/\0$/, '') }
  } catch {
    // Answered below, like every other unreadable token.
  }
  throw badRequest('continue key is not valid: the token was not made by this server')
}
