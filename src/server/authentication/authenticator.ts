import type { ApiRequest, UserInfo } from '../../machinery/http.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { Stage } from '../pipeline.js'
import type { PluginLimits } from '../plugin-limits.js'
import { anonymousName, authenticatedGroup, unauthenticatedGroup } from './user-names.js'

/**
 * Finds out who makes a request. Answers undefined if the request brings nothing this authenticator knows; throws a 401
 * if it brings something that is wrong. Either way the next one is asked: the first to know the user decides.
 */
export interface Authenticator {
  readonly name: string
  authenticate(request: ApiRequest): Promise<UserInfo | undefined> | UserInfo | undefined
  /**
   * For token reviews: whom a token speaks for, if it is meant for one of these audiences. Absent of those who know no
   * tokens. Throws like `authenticate`.
   */
  review?(token: string, audiences: readonly string[]): Promise<Reviewed | undefined> | Reviewed | undefined
}

/** An authenticator that comes with a configuration. It is asked about requests that no other one knows. */
export interface AuthenticatorPlugin extends PluginLimits {
  readonly name: string
  /**
   * Whom a bearer token speaks for; undefined if it is none of its own. `audiences` are empty, or, in a token review,
   * those of which the token must be meant for one.
   */
  review?(token: string, audiences: readonly string[]): Promise<Reviewed | undefined> | Reviewed | undefined
  /** Who makes a request, by something else than a bearer token; undefined if it cannot tell. */
  authenticate?(request: RequestHead): Promise<UserInfo | undefined> | UserInfo | undefined
}

/** A request without its body. */
export type RequestHead = Pick<
  ApiRequest,
  'method' | 'path' | 'query' | 'headers' | 'remoteAddress' | 'clientCertificate'
>

/** An authenticator that knows bearer tokens and nothing else. */
export const tokenAuthenticator = (name: string, userOf: (token: string) => UserInfo | undefined): Authenticator => ({
  name,
  authenticate(request) {
    const token = bearerToken(request)
    return token === undefined ? undefined : userOf(token)
  },
  review(token) {
    const user = userOf(token)
    return user && { user }
  },
})

/** What a token turned out to be. */
export interface Reviewed {
  readonly user: UserInfo
  /** Those asked for that it is meant for; absent of tokens that are meant for the API server, whoever that is. */
  readonly audiences?: readonly string[]
}

export const anonymous: UserInfo = { name: anonymousName, groups: [unauthenticatedGroup] }

/** Whether requests without credentials are let in, or at which paths alone. */
export type AnonymousAccess = boolean | readonly string[]

/**
 * The authentication stage: authenticators in order, then anonymous if a request brings no credentials at all.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/
 */
export function authenticationStage(
  authenticators: readonly Authenticator[],
  options: { readonly allowAnonymous: AnonymousAccess },
): Stage {
  const { allowAnonymous } = options
  const isOpen = (path: string): boolean =>
    typeof allowAnonymous === 'boolean' ? allowAnonymous : allowAnonymous.includes(path)
  const userOf = (request: ApiRequest, from = 0, refused?: unknown): Promise<UserInfo> | UserInfo => {
    let refusal = refused
    for (let i = from; i < authenticators.length; i++) {
      try {
        const user = authenticators[i]?.authenticate(request)
        // Most know at once; for them nobody has to wait.
        if (user instanceof Promise)
          return user.then(
            user => (user ? completeUser(user) : userOf(request, i + 1, refusal)),
            error => userOf(request, i + 1, refusal ?? error),
          )
        if (user) return completeUser(user)
      } catch (error) {
        refusal ??= error
      }
    }
    if (refusal) throw refusal
    // A token that nobody knows is wrong; other kinds of credentials are none here.
    if (bearerToken(request) !== undefined || !isOpen(request.path)) throw unauthorized()
    return anonymous
  }
  return (context, next) => {
    const { request } = context
    const user = request.user ?? userOf(request)
    if (user instanceof Promise)
      return user.then(user => {
        context.user = user
        return next()
      })
    context.user = user
    return next()
  }
}

/** Adds the group of all who are authenticated. */
export const completeUser = (user: UserInfo): UserInfo =>
  user.name === anonymousName || user.groups.includes(authenticatedGroup) || user.groups.includes(unauthenticatedGroup)
    ? user
    : { ...user, groups: [...user.groups, authenticatedGroup] }

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
