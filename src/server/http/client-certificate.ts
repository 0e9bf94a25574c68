import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../../machinery/http.js'

/**
 * Who the peer's certificate says it is; undefined if it brought none. One that no trusted authority has signed for
 * clients is told apart by its fault: who brings something wrong is refused, not taken for anonymous.
 */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerCertificate(true)
  const { subject, ext_key_usage: usages, valid_to: end } = certificate
  if (!subject) return undefined
  const expires = Date.parse(end)
  if (!socket.authorized) {
    const fault = String(socket.authorizationError ?? 'it does not verify')
    return { commonName: '', organizations: [], expires, fault }
  }
  if (usages && !usages.includes(clientAuthentication) && !usages.includes(anyUsage))
    return { commonName: '', organizations: [], expires, fault: 'it is not for client authentication' }
  const authority = rootOf(certificate).fingerprint256
  return { commonName: all(subject.CN).at(-1) ?? '', organizations: all(subject.O), expires, authority }
}

/** The end of a certificate's chain: it has issued itself. */
function rootOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate {
  let root = certificate
  while (root.issuerCertificate && root.issuerCertificate !== root && root.issuerCertificate.fingerprint256)
    root = root.issuerCertificate
  return root
}

/** A name may hold an attribute several times. */
const all = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value]

const clientAuthentication = '1.3.6.1.5.5.7.3.2'
const anyUsage = '2.5.29.37.0'
