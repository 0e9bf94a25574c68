import { loadKubeconfig } from '../cluster/connection.js'
import type { JsonCall } from '../server/webhooks/json-calls.js'
import { fileText } from './flag-values.js'

/** What asks the webhook that a kubeconfig names; its token file is read for every question. */
export async function webhookOf(
  kubeconfig: string,
  call: JsonCall,
  type: { readonly apiVersion: string; readonly kind: string },
): Promise<(review: object) => Promise<unknown>> {
  const { server, ca, clientCert, clientKey, token, tokenFile, tlsServerName, insecureSkipTlsVerify } =
    await loadKubeconfig(kubeconfig)
  return async review => {
    const bearer = tokenFile ? (await fileText(tokenFile)).trim() : token
    const endpoint = { url: server, ca, clientCert, clientKey, token: bearer, tlsServerName, insecureSkipTlsVerify }
    return call(endpoint, { ...type, ...review })
  }
}
