import type { Authenticator } from './authenticator.js'

/** The common name is the user, the organizations are the groups; TLS has verified the certificate already. */
export const clientCertificates: Authenticator = {
  name: 'x509',
  authenticate: ({ clientCertificate }) =>
    clientCertificate && { name: clientCertificate.commonName, groups: clientCertificate.organizations },
}
