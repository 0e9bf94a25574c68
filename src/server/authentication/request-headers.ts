import type { Clock } from '../../machinery/clock.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { Authenticator } from './authenticator.js'
import { headerValues, prefixedHeaders } from './header-values.js'

export interface RequestHeaderOptions {
  /** SHA-256 fingerprints of the authorities whose clients may speak for users. */
  readonly authorities: ReadonlySet<string>
  /** Common names of these clients; anybody of the authorities if there are none. */
  readonly allowedNames: readonly string[]
  /** Names of headers; the first that has a value counts. */
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  /** All that have values count. */
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
  readonly clock: Clock
}

/** The headers that proxies use, and kubeadm's clusters expect. */
export const frontProxyHeaders = {
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: ['X-Remote-Uid'],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
} as const

/**
 * Believes a proxy that has authenticated the user itself:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy
 */
export function requestHeaders(options: RequestHeaderOptions): Authenticator {
  const lower = (names: readonly string[]) => names.map(name => name.trim().toLowerCase())
  const usernameHeaders = lower(options.usernameHeaders)
  const uidHeaders = lower(options.uidHeaders)
  const groupHeaders = lower(options.groupHeaders)
  const prefixes = lower(options.extraHeaderPrefixes)
  const { authorities, allowedNames, clock } = options
  return {
    name: 'request-header',
    authenticate(request) {
      const { clientCertificate } = request
      if (!clientCertificate?.authority || !authorities.has(clientCertificate.authority)) return undefined
      if (clientCertificate.fault || clientCertificate.expires <= clock.now()) throw unauthorized()
      if (allowedNames.length > 0 && !allowedNames.includes(clientCertificate.commonName)) throw unauthorized()
      const firstValue = (names: readonly string[]): string =>
        names.flatMap(name => headerValues(request, name)).find(value => value !== '') ?? ''
      const name = firstValue(usernameHeaders)
      if (!name) return undefined
      const uid = firstValue(uidHeaders)
      const extra = Object.assign({}, ...prefixes.map(prefix => prefixedHeaders(request, prefix)))
      return {
        name,
        groups: groupHeaders.flatMap(header => headerValues(request, header)),
        ...(uid ? { uid } : {}),
        ...(Object.keys(extra).length > 0 ? { extra } : {}),
      }
    },
  }
}
