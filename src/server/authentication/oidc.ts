import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import type { Clock } from '../../machinery/clock.js'
import type { UserInfo } from '../../machinery/http.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { JsonCall } from '../webhooks/json-calls.js'
import { type Authenticator, bearerToken, type Reviewed } from './authenticator.js'
import { claimReader } from './jwt-claims.js'
import type { JwtConfig } from './jwt-config.js'
import { Remembered } from './remembered.js'

export interface OidcOptions {
  readonly config: JwtConfig
  /** Algorithms of signatures that are believed. */
  readonly algorithms?: readonly string[]
  readonly call: JsonCall
  readonly clock: Clock
  /** Trouble with reaching the issuer, for the log. */
  readonly onError: (error: unknown) => void
}

/** Signature algorithms that tokens may have unless it is said otherwise. */
export const oidcAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']

/** A token that was good is so for this long, in ms. */
const rememberMs = 10_000
/** The issuer's keys are asked for again at most this often, in ms, when a token names an unknown one. */
const cooldownMs = 10_000

/**
 * Believes the ID tokens of an OpenID Connect issuer:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
 */
export function oidc(options: OidcOptions): Authenticator {
  const { config, clock, algorithms = oidcAlgorithms } = options
  const { url, audiences } = config.issuer
  const read = claimReader(config)
  const keys = new IssuerKeys(options)
  const remembered = new Remembered<{ readonly user: UserInfo; readonly expires: number }>({
    clock,
    lifetime: ({ expires }) => Math.min(rememberMs, expires - clock.now()),
  })
  const userOf = async (token: string): Promise<UserInfo | undefined> => {
    if (!isOf(token, url)) return undefined
    const { user } = await remembered.get(token, async () => {
      const { payload } = await keys.verify(key =>
        jwtVerify(token, key, {
          issuer: url,
          audience: [...audiences],
          algorithms: [...algorithms],
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp'],
        }),
      )
      return { user: read(payload), expires: (payload.exp ?? 0) * 1000 }
    })
    return user
  }
  return {
    name: `oidc ${url}`,
    async authenticate(request) {
      const token = bearerToken(request)
      if (token === undefined) return undefined
      try {
        return await userOf(token)
      } catch {
        throw unauthorized()
      }
    },
    async review(token): Promise<Reviewed | undefined> {
      const user = await userOf(token)
      return user && { user }
    },
  }
}

/** Whether a token says that it is the issuer's; nothing is believed yet. */
function isOf(token: string, issuer: string): boolean {
  try {
    return decodeJwt(token).iss === issuer && decodeProtectedHeader(token).alg !== 'none'
  } catch {
    return false
  }
}

type Keys = ReturnType<typeof createLocalJWKSet>

/** The public keys of an issuer, found by its discovery document when they are first needed. */
class IssuerKeys {
  #keys: Promise<Keys> | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: OidcOptions) {}

  /** Verifies with the known keys; with new ones if the token names one that is unknown. */
  async verify<T>(attempt: (keys: Keys) => Promise<T>): Promise<T> {
    const keys = await this.#current()
    try {
      return await attempt(keys)
    } catch (error) {
      const { clock } = this.options
      const unknown = error instanceof errors.JWKSNoMatchingKey
      if (!unknown || clock.now() - this.#askedAt < cooldownMs) throw error
      this.#keys = undefined
      return attempt(await this.#current())
    }
  }

  #current(): Promise<Keys> {
    if (this.#keys) return this.#keys
    const asked = this.#discover()
    this.#keys = asked
    asked.catch(error => {
      this.options.onError(error)
      if (this.#keys === asked) this.#keys = undefined
    })
    return asked
  }

  async #discover(): Promise<Keys> {
    const { config, call, clock } = this.options
    const { url, discoveryURL, certificateAuthority: ca } = config.issuer
    this.#askedAt = clock.now()
    const found = discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = (await call({ url: found, ca })) as { issuer?: unknown; jwks_uri?: unknown }
    if (document.issuer !== url) throw new Error(`${found} is of the issuer ${document.issuer}, not of ${url}`)
    const { jwks_uri: keysUrl } = document
    if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl)) throw new Error(`${found} names no jwks_uri`)
    return createLocalJWKSet((await call({ url: keysUrl, ca })) as JSONWebKeySet)
  }
}
