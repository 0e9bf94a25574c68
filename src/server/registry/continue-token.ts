import { badRequest } from '../../machinery/status-error.js'
import { JsonSyntaxError, parseJson } from '../../schema/index.js'

/** Where the next page of a list begins, and the revision all its pages show. */
export interface ContinueToken {
  /** `newestRevision` for a page that shows what is there when it is asked for. */
  readonly revision: number
  /** Key below the resource's folder after which to go on. */
  readonly after: string
}

const version = 'meta.k8s.io/v1'
/** Stands for the newest revision. */
export const newestRevision = -1

export const encodeContinue = ({ revision, after }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: version, rv: revision, start: `${after}\0` })).toString('base64url')

/** Throws a 400 for anything `encodeContinue` did not make for a list of keys that begin with `keyPrefix`. */
export function decodeContinue(token: string, keyPrefix: string): ContinueToken {
  const { v, rv, start } = fieldsOf(token)
  if (v !== version) throw refused(`server does not recognize this encoded version ${JSON.stringify(v ?? '')}`)
  if (!Number.isSafeInteger(rv) || ((rv as number) <= 0 && rv !== newestRevision))
    throw refused('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '') throw refused('encoded start key empty (version meta.k8s.io/v1)')
  const after = start.replace(/\0$/, '')
  // A token of another list would lead out of this one.
  if (!after.startsWith(keyPrefix) || after.includes('\0')) throw refused(`${JSON.stringify(start)}`)
  return { revision: rv as number, after }
}

function fieldsOf(token: string): { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown } {
  try {
    const fields = parseJson(Buffer.from(token, 'base64url').toString())
    if (typeof fields === 'object' && fields !== null) return fields
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw refused(error.message)
    throw error
  }
  throw refused('it is no object')
}

const refused = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)
