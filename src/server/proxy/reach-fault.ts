/** Faults of connections in the words that clients of Kubernetes know. */
const texts: { readonly [code: string]: string } = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
}

/** Why a backend could not be reached. */
export function reachFault(error: Error, { host, hostname, port, protocol }: URL): string {
  const { code = '', message } = error as NodeJS.ErrnoException
  const text = texts[code]
  const address = port ? host : `${hostname}:${protocol === 'https:' ? 443 : 80}`
  if (text) return `dial tcp ${address}: ${text}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: no such host`
  if (code === 'ECONNRESET') return 'EOF'
  return message
}
