import { X509Certificate } from 'node:crypto'
import type { Distribution, MetricsRegistry } from '../../machinery/metrics/index.js'
import type { ServerParts } from '../api-server.js'
import type { Authenticator } from './authenticator.js'
import { bootstrapTokens } from './bootstrap-tokens.js'
import { clientCertificates } from './client-certificates.js'
import { type RequestHeaderOptions, requestHeaders } from './request-headers.js'
import { ServiceAccountTokens } from './service-account-tokens.js'
import { tokenSubjects } from './token-subjects.js'

/** How users are known. */
export interface AuthenticationOptions {
  readonly serviceAccounts: ServiceAccountOptions
  /** PEM of the authorities whose client certificates name users, as it is now. */
  readonly clientCa: () => string
  /** A proxy that names users itself, and the PEM of the authorities by which it is known. */
  readonly requestHeaders?: Omit<RequestHeaderOptions, 'authorities' | 'clock'> & { readonly ca: string }
  /** Whether new nodes may introduce themselves by bootstrap tokens. */
  readonly bootstrapTokens?: boolean
  /** Others: token files, OpenID Connect, webhooks. */
  readonly others?: readonly Authenticator[]
}

export interface ServiceAccountOptions {
  /** The first one issues; tokens of the others are still believed. */
  readonly issuers: readonly [string, ...string[]]
  /** PEM of the key that signs. */
  readonly signingKey: string
  /** PEMs of further keys whose tokens are believed. */
  readonly verifyingKeys?: readonly string[]
  /** What the server calls itself in tokens; as the issuer by default. */
  readonly audiences?: readonly string[]
  /** Where the issuer's keys are found, if that is not this server. */
  readonly jwksUri?: string
  /** Tokens that pods mount live for a year, though they are renewed every hour, so that old clients get on; true by default. */
  readonly extendExpiration?: boolean
  /** Longest life of a token that is asked for, in seconds. */
  readonly maximumSeconds?: number
}

/** All authenticators of a server, in the order they are asked. */
export function authenticationOf(
  options: AuthenticationOptions,
  { registries, clock, metrics, onError }: Pick<ServerParts, 'registries' | 'clock' | 'metrics' | 'onError'>,
): { readonly authenticators: readonly Authenticator[]; readonly tokens: ServiceAccountTokens } {
  const { serviceAccounts, clientCa, requestHeaders: proxy, others = [] } = options
  const { issuers, audiences, ...rest } = serviceAccounts
  const [issuer, ...formerIssuers] = issuers
  const lifetimes = certificateLifetimes(metrics)
  const tokens = new ServiceAccountTokens({
    ...rest,
    issuer,
    formerIssuers,
    audiences: audiences?.length ? audiences : [issuer],
    clock,
    subjects: tokenSubjects(registries, onError),
  })
  return {
    tokens,
    authenticators: [
      ...(proxy ? [requestHeaders({ ...proxy, authorities: fingerprints(proxy.ca), clock })] : []),
      clientCertificates(clock, fingerprintsNow(clientCa), left => lifetimes.observe(left / 1000)),
      ...others,
      tokens,
      ...(options.bootstrapTokens ? [bootstrapTokens(registries, clock)] : []),
    ],
  }
}

const hour = 3600
const day = 24 * hour

/** How long the certificates that users show are still good, in seconds. */
const certificateLifetimes = (metrics: MetricsRegistry): Distribution =>
  metrics
    .histogram(
      {
        name: 'apiserver_client_certificate_expiration_seconds',
        help: 'Seconds that certificates of clients are still valid for when they are used.',
      },
      [0, hour / 2, hour, 2 * hour, 6 * hour, 12 * hour, ...[1, 2, 4, 7, 30, 90, 180, 360].map(days => days * day)],
    )
    .with()

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The SHA-256 fingerprints of all certificates of a PEM. */
const fingerprints = (pem: string): ReadonlySet<string> =>
  new Set([...pem.matchAll(certificate)].map(([text]) => new X509Certificate(text).fingerprint256))

/** The fingerprints of a PEM that may change, computed again when it has. */
function fingerprintsNow(pem: () => string): () => ReadonlySet<string> {
  let of: string | undefined
  let known: ReadonlySet<string> = new Set()
  return () => {
    const now = pem()
    if (now !== of) {
      known = fingerprints(now)
      of = now
    }
    return known
  }
}
