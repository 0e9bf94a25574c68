import type { ApiRequest, UserInfo } from '../../machinery/http.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { Stage } from '../pipeline.js'

/**
 * Finds out who makes a request. Answers undefined if the request brings nothing this authenticator knows; throws a 401
 * if it brings something that is wrong. Either way the next one is asked: the first to know the user decides.
 */
export interface Authenticator {
  readonly name: string
  authenticate(request: ApiRequest): Promise<UserInfo | undefined> | UserInfo | undefined
}

const authenticated = 'system:authenticated'
const unauthenticated = 'system:unauthenticated'

export const anonymous: UserInfo = { name: 'system:anonymous', groups: [unauthenticated] }

/**
 * The authentication stage: authenticators in order, then anonymous if a request brings no credentials at all.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 */
export function authenticationStage(
  authenticators: readonly Authenticator[],
  options: { readonly allowAnonymous: boolean },
): Stage {
  const userOf = async (request: ApiRequest): Promise<UserInfo> => {
    let refusal: unknown
    for (const authenticator of authenticators) {
      try {
        const pending = authenticator.authenticate(request)
        const user = pending instanceof Promise ? await pending : pending
        if (user) return withGroup(user)
      } catch (error) {
        refusal ??= error
      }
    }
    if (refusal) throw refusal
    // A token that nobody knows is wrong; other kinds of credentials are none here.
    if (bearerToken(request) !== undefined || !options.allowAnonymous) throw unauthorized()
    return anonymous
  }
  return async (context, next) => {
    const { request } = context
    context.user = request.user ?? (await userOf(request))
    return next()
  }
}

const withGroup = (user: UserInfo): UserInfo =>
  user.name === anonymous.name || user.groups.includes(authenticated) || user.groups.includes(unauthenticated)
    ? user
    : { ...user, groups: [...user.groups, authenticated] }

const protocolPrefix = 'base64url.bearer.authorization.k8s.io.'

/** The token of an `Authorization: Bearer` header, or of a WebSocket's subprotocol (browsers cannot set headers). */
export function bearerToken({ headers }: ApiRequest): string | undefined {
  const { authorization } = headers
  if (authorization) {
    const [scheme, token] = authorization.trim().split(' ', 2)
    return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
  }
  const found = headers['sec-websocket-protocol']
    ?.split(',')
    .map(protocol => protocol.trim())
    .find(protocol => protocol.startsWith(protocolPrefix))
  return found && Buffer.from(found.slice(protocolPrefix.length), 'base64url').toString()
}
