import type { ApiRequest, UserInfo } from '../../machinery/http.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { Stage } from '../pipeline.js'

/**
 * Finds out who makes a request. Answers undefined if the request brings nothing this authenticator knows (the next one
 * is asked); throws a 401 if it brings something that is wrong.
 */
export interface Authenticator {
  readonly name: string
  authenticate(request: ApiRequest): Promise<UserInfo | undefined> | UserInfo | undefined
}

const authenticated = 'system:authenticated'

export const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/**
 * The authentication stage: authenticators in order, then anonymous if a request brings no credentials at all.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 */
export function authenticationStage(
  authenticators: readonly Authenticator[],
  options: { readonly allowAnonymous: boolean },
): Stage {
  return async (context, next) => {
    const { request } = context
    if (request.user) {
      context.user = request.user
      return next()
    }
    for (const authenticator of authenticators) {
      const pending = authenticator.authenticate(request)
      const user = pending instanceof Promise ? await pending : pending
      if (!user) continue
      context.user = user.groups.includes(authenticated) ? user : { ...user, groups: [...user.groups, authenticated] }
      return next()
    }
    if (request.headers.authorization || !options.allowAnonymous) throw unauthorized()
    context.user = anonymous
    return next()
  }
}

/** The token of an `Authorization: Bearer` header, or of a WebSocket's subprotocol (browsers cannot set headers). */
export function bearerToken(request: ApiRequest): string | undefined {
  const { authorization } = request.headers
  if (authorization) {
    const [scheme, token] = authorization.trim().split(/\s+/)
    return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
  }
  const protocols = request.headers['sec-websocket-protocol']
  const prefix = 'base64url.bearer.authorization.k8s.io.'
  const found = protocols
    ?.split(',')
    .map(protocol => protocol.trim())
    .find(protocol => protocol.startsWith(prefix))
  return found && Buffer.from(found.slice(prefix.length), 'base64url').toString()
}
