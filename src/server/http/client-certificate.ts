import type { TLSSocket } from 'node:tls'
import type { ClientCertificate } from '../../machinery/http.js'

/**
 * Who the peer's certificate says it is, if it brought one that a trusted authority signed for clients. A certificate
 * that does not verify counts as none: the request may still authenticate in another way.
 */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined
  const { subject, ext_key_usage: usages } = socket.getPeerCertificate()
  if (!subject?.CN) return undefined
  if (usages && !usages.includes(clientAuthentication) && !usages.includes(anyUsage)) return undefined
  const organizations = subject.O === undefined ? [] : Array.isArray(subject.O) ? subject.O : [subject.O]
  const commonName = Array.isArray(subject.CN) ? (subject.CN[0] ?? '') : subject.CN
  return { commonName, organizations }
}

const clientAuthentication = '1.3.6.1.5.5.7.3.2'
const anyUsage = '2.5.29.37.0'
