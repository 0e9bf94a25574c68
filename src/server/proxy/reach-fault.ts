/** Faults of connections in the words that clients of Kubernetes know. */
const texts: { readonly [code: string]: string } = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
}

const unknownAuthority = 'certificate signed by unknown authority'
/** Why a certificate is not believed. */
const distrust: { readonly [code: string]: string } = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
}

/** Why a backend could not be reached. */
export function reachFault(error: Error, { host, hostname, port, protocol }: URL): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const text = texts[code]
  const address = port ? host : `${hostname}:${protocol === 'https:' ? 443 : 80}`
  if (text) return `dial tcp ${address}: ${text}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: no such host`
  if (code === 'ECONNRESET') return 'EOF'
  const why = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `certificate is not valid for ${hostname}` : distrust[code]
  return why ? `tls: failed to verify certificate: x509: ${why}` : message
}
