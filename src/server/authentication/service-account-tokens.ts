import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import { unauthorized } from '../../machinery/status-error.js'
import { type Authenticator, bearerToken, type Reviewed } from './authenticator.js'

/** The object a token lives and dies with, besides its service account. */
export interface BoundObject {
  readonly kind: 'Pod' | 'Secret' | 'Node'
  readonly name: string
  readonly uid: string
}

export interface TokenClaims {
  /** Seconds after which its use is worth a warning, of a token that lives longer than was asked for. */
  readonly warnAfterSeconds?: number
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  readonly bound?: BoundObject
  /** The node of a bound pod, for the token's own information. */
  readonly node?: { readonly name: string; readonly uid?: string }
}

/** Whether what a token is bound to still exists. */
export interface TokenSubjects {
  serviceAccountUid(namespace: string, name: string): string | undefined
  boundUid(namespace: string, bound: BoundObject): string | undefined
  /** The token that a secret holds, if it may still be used. */
  legacyToken(namespace: string, secret: string): string | undefined
  /** Hears of every use of a token that a secret holds. */
  legacyTokenUsed?(namespace: string, secret: string): void
}

export interface IssuedToken {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** What the kubelet asks for mounted tokens, in seconds, and what they get. */
const mountedSeconds = 3607
const extendedSeconds = 365 * 24 * 3600
/** Decisions about a token are remembered this long, as upstream does. */
const rememberMs = 10_000
const maximumRemembered = 10_000

/**
 * Issues and verifies the tokens of service accounts:
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
export class ServiceAccountTokens implements Authenticator {
  readonly name = 'service-account'
  readonly #signing: KeyObject
  readonly #algorithm: string
  readonly #keyId: string
  readonly #verifying: readonly KeyObject[]
  readonly #issuers: readonly string[]
  readonly #remembered = new Map<string, { readonly user: UserInfo; readonly until: number; readonly claims: Claims }>()

  constructor(
    private readonly options: {
      readonly issuer: string
      readonly audiences: readonly string[]
      /** PEM of the key that signs. */
      readonly signingKey: string
      /** PEMs of further keys whose tokens are believed. */
      readonly verifyingKeys?: readonly string[]
      /** Issuers of before, whose tokens are still believed. */
      readonly formerIssuers?: readonly string[]
      /** Tokens that pods mount live longer than they are asked for; true by default. */
      readonly extendExpiration?: boolean
      /** Longest life of a token that is asked for, in seconds. */
      readonly maximumSeconds?: number
      readonly clock: Clock
      readonly subjects: TokenSubjects
    },
  ) {
    this.#signing = createPrivateKey(options.signingKey)
    this.#algorithm = algorithmOf(this.#signing)
    const own = createPublicKey(this.#signing)
    this.#keyId = keyIdOf(own)
    this.#verifying = [own, ...(options.verifyingKeys ?? []).map(pem => createPublicKey(pem))]
    this.#issuers = [options.issuer, ...(options.formerIssuers ?? [])]
  }

  /** The keys by which others verify tokens, as JSON Web Keys. */
  publicKeys(): readonly object[] {
    const byId = new Map(this.#verifying.map(key => [keyIdOf(key), key]))
    return [...byId].map(([kid, key]) => ({
      use: 'sig',
      kid,
      alg: algorithmOf(key),
      ...key.export({ format: 'jwk' }),
    }))
  }

  /** The algorithms of the keys. */
  algorithms(): readonly string[] {
    return [...new Set(this.#verifying.map(algorithmOf))]
  }

  get issuer(): string {
    return this.options.issuer
  }

  get defaultAudiences(): readonly string[] {
    return this.options.audiences
  }

  get maximumSeconds(): number | undefined {
    return this.options.maximumSeconds
  }

  /**
   * The life of a token of a pod, in seconds: what the kubelet mounts for use with the API server gets a year, so that
   * clients that do not read it again get on. They are warned after the time that was asked for.
   */
  lifeOf(seconds: number, audiences: readonly string[], bound: BoundObject | undefined): number {
    const extended =
      this.options.extendExpiration !== false &&
      bound?.kind === 'Pod' &&
      seconds === mountedSeconds &&
      audiences.every(audience => this.options.audiences.includes(audience))
    return extended ? extendedSeconds : seconds
  }

  async issue(claims: TokenClaims): Promise<IssuedToken> {
    const now = Math.floor(this.options.clock.now() / 1000)
    const expires = now + claims.expirationSeconds
    const token = await new SignJWT({
      'kubernetes.io': {
        namespace: claims.namespace,
        ...(claims.node ? { node: claims.node } : {}),
        ...(claims.bound
          ? { [claims.bound.kind.toLowerCase()]: { name: claims.bound.name, uid: claims.bound.uid } }
          : {}),
        serviceaccount: claims.serviceAccount,
        ...(claims.warnAfterSeconds ? { warnafter: now + claims.warnAfterSeconds } : {}),
      },
    })
      .setProtectedHeader({ alg: this.#algorithm, kid: this.#keyId })
      .setIssuer(this.options.issuer)
      .setSubject(`system:serviceaccount:${claims.namespace}:${claims.serviceAccount.name}`)
      .setAudience([...claims.audiences])
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(expires)
      .setJti(randomUUID())
      .sign(this.#signing)
    return { token, expires: expires * 1000 }
  }

  /** Knows only tokens of its own issuer; others are left to the next authenticator. */
  async authenticate(request: Parameters<Authenticator['authenticate']>[0]): Promise<UserInfo | undefined> {
    const token = bearerToken(request)
    if (!token) return undefined
    const { audiences } = this.options
    return this.#remember(token, audiences) ?? (this.#isOurs(token) ? this.verify(token, audiences) : undefined)
  }

  /** As `authenticate`, for other audiences than the server's own. */
  async review(token: string, audiences: readonly string[]): Promise<Reviewed | undefined> {
    if (!this.#isOurs(token)) return undefined
    const user = await this.verify(token, audiences)
    const { aud, iss } = decodeJwt(token)
    // A token of old is meant for the API server.
    const own = new Set(iss === legacyIssuer ? this.options.audiences : [aud ?? []].flat())
    return { user, audiences: audiences.filter(audience => own.has(audience)) }
  }

  /** The service account a token speaks for. Throws a 401 for a token that is forged, expired, or outlived its subject. */
  async verify(token: string, audiences: readonly string[]): Promise<UserInfo> {
    const remembered = this.#remember(token, audiences)
    if (remembered) return remembered
    const claims = await this.#verifySignature(token, audiences)
    this.#checkAlive(claims, token)
    const user = userOf(claims)
    if (this.#remembered.size >= maximumRemembered) this.#remembered.clear()
    const until = Math.min(this.options.clock.now() + rememberMs, claims.expires)
    this.#remembered.set(memoryKey(token, audiences), { user, claims, until })
    return user
  }

  /** Whom the token was found to speak for a moment ago. Throws a 401 if its subject has gone since. */
  #remember(token: string, audiences: readonly string[]): UserInfo | undefined {
    const key = memoryKey(token, audiences)
    const remembered = this.#remembered.get(key)
    if (!remembered) return undefined
    if (remembered.until <= this.options.clock.now()) {
      this.#remembered.delete(key)
      return undefined
    }
    this.#checkAlive(remembered.claims, token)
    return remembered.user
  }

  #isOurs(token: string): boolean {
    try {
      const { iss = '' } = decodeJwt(token)
      return (iss === legacyIssuer || this.#issuers.includes(iss)) && decodeProtectedHeader(token).alg !== 'none'
    } catch {
      return false
    }
  }

  async #verifySignature(token: string, audiences: readonly string[]): Promise<Claims> {
    const legacy = decodeJwt(token).iss === legacyIssuer
    if (legacy && !audiences.some(audience => this.options.audiences.includes(audience))) throw unauthorized()
    const expected = legacy ? { issuer: legacyIssuer } : { issuer: [...this.#issuers], audience: [...audiences] }
    for (const key of this.#verifying) {
      try {
        const { payload } = await jwtVerify(token, key, {
          ...expected,
          algorithms: [algorithmOf(key)],
          currentDate: new Date(this.options.clock.now()),
          clockTolerance: 0,
        })
        return legacy ? legacyClaimsOf(payload) : claimsOf(payload)
      } catch {
        // Another key may fit; which check failed is nobody's business but ours.
      }
    }
    throw unauthorized()
  }

  #checkAlive({ namespace, serviceAccount, bound, secret }: Claims, token: string): void {
    const { subjects } = this.options
    if (secret !== undefined && subjects.legacyToken(namespace, secret) !== token) throw unauthorized()
    if (subjects.serviceAccountUid(namespace, serviceAccount.name) !== serviceAccount.uid) throw unauthorized()
    if (bound && subjects.boundUid(namespace, bound) !== bound.uid) throw unauthorized()
    if (secret !== undefined) subjects.legacyTokenUsed?.(namespace, secret)
  }
}

/** Tokens themselves are not kept. */
const memoryKey = (token: string, audiences: readonly string[]): string =>
  createHash('sha256').update(audiences.join('\0')).update('\0').update(token).digest('base64')

interface Claims {
  readonly id: string
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly bound: BoundObject | undefined
  readonly node: { readonly name?: string; readonly uid?: string } | undefined
  /** The secret that holds a token of old. */
  readonly secret?: string
  readonly expires: number
}

export interface LegacyClaims {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secret: string
}

const legacyIssuer = 'kubernetes/serviceaccount'

/** What makes tokens without an end, for secrets of the type `kubernetes.io/service-account-token`. */
export function secretTokenSigner(signingKey: string): (claims: LegacyClaims) => Promise<string> {
  const key = createPrivateKey(signingKey)
  const header = { alg: algorithmOf(key), kid: keyIdOf(createPublicKey(key)) }
  return ({ namespace, serviceAccount, secret }) =>
    new SignJWT({
      'kubernetes.io/serviceaccount/namespace': namespace,
      'kubernetes.io/serviceaccount/secret.name': secret,
      'kubernetes.io/serviceaccount/service-account.name': serviceAccount.name,
      'kubernetes.io/serviceaccount/service-account.uid': serviceAccount.uid,
    })
      .setProtectedHeader(header)
      .setIssuer(legacyIssuer)
      .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`)
      .sign(key)
}

const keyIdOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')

interface Named {
  readonly name: string
  readonly uid: string
}

function claimsOf(payload: JWTPayload): Claims {
  const own = payload['kubernetes.io'] as
    | { namespace?: string; serviceaccount?: Named; pod?: Named; secret?: Named; node?: Named }
    | undefined
  if (!own?.namespace || !own.serviceaccount?.name || !own.serviceaccount.uid) throw unauthorized()
  const bound: BoundObject | undefined = own.pod
    ? { kind: 'Pod', ...own.pod }
    : own.secret
      ? { kind: 'Secret', ...own.secret }
      : own.node
        ? { kind: 'Node', ...own.node }
        : undefined
  return {
    id: payload.jti ?? '',
    namespace: own.namespace,
    serviceAccount: own.serviceaccount,
    bound,
    node: own.node,
    expires: (payload.exp ?? 0) * 1000,
  }
}

function legacyClaimsOf(payload: JWTPayload): Claims {
  const text = (name: string): string => {
    const value = payload[`kubernetes.io/serviceaccount/${name}`]
    if (typeof value !== 'string' || !value) throw unauthorized()
    return value
  }
  return {
    id: '',
    namespace: text('namespace'),
    serviceAccount: { name: text('service-account.name'), uid: text('service-account.uid') },
    bound: undefined,
    node: undefined,
    secret: text('secret.name'),
    expires: Number.POSITIVE_INFINITY,
  }
}

function userOf({ id, namespace, serviceAccount, bound, node }: Claims): UserInfo {
  const extra: Record<string, readonly string[]> = {}
  if (id) extra['authentication.kubernetes.io/credential-id'] = [`JTI=${id}`]
  if (bound?.kind === 'Pod') {
    extra['authentication.kubernetes.io/pod-name'] = [bound.name]
    extra['authentication.kubernetes.io/pod-uid'] = [bound.uid]
  }
  if (node?.name) extra['authentication.kubernetes.io/node-name'] = [node.name]
  if (node?.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid]
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra,
  }
}

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  const curve = key.asymmetricKeyDetails?.namedCurve
  const byCurve: { readonly [curve: string]: string } = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }
  const algorithm = curve && byCurve[curve]
  if (!algorithm)
    throw new Error(`service account keys must be RSA or ECDSA (P-256, P-384, P-521), not ${key.asymmetricKeyType}`)
  return algorithm
}
