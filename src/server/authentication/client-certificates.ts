import type { Clock } from '../../machinery/clock.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { Authenticator } from './authenticator.js'

/** The common name is the user, the organizations are the groups; TLS has verified the certificate already. */
export const clientCertificates = (clock: Clock): Authenticator => ({
  name: 'x509',
  authenticate({ clientCertificate }) {
    if (!clientCertificate) return undefined
    const { commonName, organizations, expires, fault } = clientCertificate
    // A connection outlives its handshake, but not its certificate.
    if (fault || expires <= clock.now()) throw unauthorized()
    return commonName ? { name: commonName, groups: organizations } : undefined
  },
})
