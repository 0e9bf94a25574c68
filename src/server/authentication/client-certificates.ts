import type { Clock } from '../../machinery/clock.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { Authenticator } from './authenticator.js'

/** The common name is the user, the organizations are the groups; TLS has verified the certificate already. */
export const clientCertificates = (
  clock: Clock,
  /** Fingerprints of the authorities that vouch for users; all that TLS believes when absent. */
  authorities?: () => ReadonlySet<string>,
  /** Hears how long, in ms, a certificate is still good. */
  noted?: (left: number) => void,
): Authenticator => ({
  name: 'x509',
  authenticate({ clientCertificate }) {
    if (!clientCertificate) return undefined
    const { commonName, organizations, expires, fault, authority } = clientCertificate
    // An authority may vouch for proxies alone: their certificates are nobody's.
    const foreign = authorities !== undefined && authority !== undefined && !authorities().has(authority)
    // A connection outlives its handshake, but not its certificate.
    const left = expires - clock.now()
    if (foreign || fault || left <= 0) throw unauthorized()
    noted?.(left)
    return commonName ? { name: commonName, groups: organizations } : undefined
  },
})
