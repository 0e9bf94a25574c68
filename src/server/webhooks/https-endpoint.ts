import type { ConnectionOptions } from 'node:tls'

/** A server that this one calls, and how both prove who they are. PEM texts. */
export interface HttpsEndpoint {
  readonly url: string
  /** The machine's authorities are believed if there is none. */
  readonly ca?: string | undefined
  readonly clientCert?: string | undefined
  readonly clientKey?: string | undefined
  /** What the server's certificate is for, if not the host of the URL. */
  readonly tlsServerName?: string | undefined
  readonly insecureSkipTlsVerify?: boolean
}

/** How a connection to it is made. */
export const tlsOf = (endpoint: HttpsEndpoint): ConnectionOptions => ({
  ...(endpoint.ca ? { ca: endpoint.ca } : {}),
  ...(endpoint.clientCert ? { cert: endpoint.clientCert, key: endpoint.clientKey } : {}),
  ...(endpoint.tlsServerName ? { servername: endpoint.tlsServerName } : {}),
  ...(endpoint.insecureSkipTlsVerify ? { rejectUnauthorized: false } : {}),
})
