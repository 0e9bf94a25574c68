import type { TokenRequest } from '../../api/authentication/v1/index.js'
import { type Pod, ServiceAccount } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'

/** A token of a pod's service account, and when to get the next one (milliseconds since the epoch). */
export interface PodToken {
  readonly token: string
  readonly renewAt: number
}

const longestUse = 24 * 60 * 60 * 1000

/** Asks for a token that is good for this pod alone. `lifetime` in seconds. Throws `StatusError`. */
export async function requestPodToken(
  client: Client,
  pod: Pod,
  {
    audience,
    lifetime,
    now,
  }: { readonly audience: string | undefined; readonly lifetime: number; readonly now: number },
): Promise<PodToken> {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const account = { namespace, name: pod.spec.serviceAccountName || 'default' }
  const request: TokenRequest = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: {
      audiences: audience ? [audience] : [],
      expirationSeconds: lifetime,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
    status: { token: '', expirationTimestamp: null },
  }
  const answer = await client.post(ServiceAccount, account, 'token', request)
  const token = answer.status?.token ?? ''
  const expires = Date.parse(answer.status?.expirationTimestamp ?? '') || now + lifetime * 1000
  return { token, renewAt: now + Math.min((expires - now) * 0.8, longestUse) }
}
