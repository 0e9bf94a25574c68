import type { TokenRequest } from '../api/authentication/v1/index.js'
import { ServiceAccount } from '../api/core/v1/index.js'
import { apiClient } from '../client/api-client.js'
import type { Client } from '../client/client.js'
import { type Endpoint, httpsTransport } from '../client/https-transport.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.js'
import { accountOfController } from './controller-accounts.js'

const namespace = 'kube-system'
const lifeSeconds = 3600
/** A token is renewed when this part of its life is over. */
const renewAt = 0.8

export interface AccountClientsOptions {
  /** Makes the accounts and asks for their tokens. */
  readonly client: Client
  readonly endpoint: Pick<Endpoint, 'server' | 'ca' | 'tlsServerName' | 'insecureSkipTlsVerify'>
  readonly userAgent: string
  readonly clock?: Clock
}

export interface AccountClients extends AsyncDisposable {
  /** The client of a controller, by its service account; the one that asks for tokens where there is none. */
  clientOf(controller: string): Client
}

/** Clients that act as the service accounts of controllers, over one connection. */
export function accountClients(options: AccountClientsOptions): AccountClients {
  const { client, clock = systemClock, userAgent } = options
  const { server, ca, tlsServerName, insecureSkipTlsVerify = false } = options.endpoint
  const transport = httpsTransport({ server, ca, tlsServerName, insecureSkipTlsVerify })
  const clients = new Map<string, Client>()
  const make = (name: string): Client => {
    const token = renewed(clock, () => requestToken(client, name))
    return apiClient(
      async request => {
        const headers = { ...request.headers, authorization: `Bearer ${await token()}` }
        return transport.handle({ ...request, headers })
      },
      { headers: { 'user-agent': `${userAgent}/${name}` } },
    )
  }
  return {
    clientOf(controller) {
      const name = accountOfController(controller)
      if (name === undefined) return client
      const known = clients.get(name) ?? make(name)
      clients.set(name, known)
      return known
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
}

interface Granted {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** A token that is asked for anew well before it ends; meanwhile everybody gets the same. */
function renewed(clock: Clock, ask: () => Promise<Granted>): () => Promise<string> {
  let current: Promise<Granted> | undefined
  let until = 0
  return async () => {
    if (current && clock.now() < until) return (await current).token
    until = Number.POSITIVE_INFINITY
    const asked = ask()
    current = asked
    try {
      const { token, expires } = await asked
      const now = clock.now()
      until = now + (expires - now) * renewAt
      return token
    } catch (error) {
      current = undefined
      throw error
    }
  }
}

async function requestToken(client: Client, name: string): Promise<Granted> {
  const ask = async () => {
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: lifeSeconds },
    }
    const { status } = (await client.post(ServiceAccount, { namespace, name }, 'token', body)) as TokenRequest
    return { token: status.token, expires: Date.parse(status.expirationTimestamp ?? '') }
  }
  try {
    return await ask()
  } catch (error) {
    if (!isNotFound(error)) throw error
    await client.create(ServiceAccount, { metadata: { namespace, name } }).catch(error => {
      if (!isAlreadyExists(error)) throw error
    })
    return ask()
  }
}
