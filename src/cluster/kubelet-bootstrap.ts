import { X509Certificate } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { apiClient } from '../client/api-client.js'
import { httpsTransport } from '../client/https-transport.js'
import { type CertificateStore, clientWish, requestCertificate } from '../kubelet/certificates/index.js'
import { type Clock, sleep, systemClock } from '../machinery/clock.js'
import { certificateSays } from '../machinery/x509/index.js'
import { writeFileAtomically } from './atomic-file.js'
import { loadKubeconfig } from './connection.js'
import { kubeconfigText } from './kubeconfig-text.js'

export interface BootstrapKubeletOptions {
  readonly nodeName: string
  /** The file to be made, unless it is there and good. */
  readonly kubeconfig: string
  /** The file with the token of a new node, or other credentials that may ask for its certificate. */
  readonly bootstrapKubeconfig: string
  /** Where the certificate is kept. */
  readonly store: CertificateStore
  readonly signal: AbortSignal
  /** Hears of failed attempts. */
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
}

/** Ms between attempts. */
const backOff = { first: 2_000, last: 32_000 }

/**
 * Gives a new node its kubeconfig: asks for a client certificate by the credentials of another kubeconfig, as often as
 * needed until it is signed. Does nothing if there is a kubeconfig whose certificate is good.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
 */
export async function bootstrapKubelet(options: BootstrapKubeletOptions): Promise<void> {
  const { nodeName, kubeconfig, bootstrapKubeconfig, store, signal, onError, clock = systemClock } = options
  const now = clock.now()
  // One that cannot be read, or whose files are gone, is as good as none.
  const known = await loadKubeconfig(kubeconfig).catch(() => undefined)
  if (isGood(known?.clientCert, now)) return
  const connection = await loadKubeconfig(bootstrapKubeconfig)
  const wish = clientWish(nodeName)
  const kept = (await store.read())?.certificate
  if (!kept || !isGood(kept, now) || !certificateSays(new X509Certificate(kept), wish)) {
    await using transport = httpsTransport(connection)
    const client = apiClient(transport.handle, { headers: { 'user-agent': 'kubelet/v1.36.2' } })
    for (let failures = 0; ; failures++) {
      try {
        await store.write(await requestCertificate(client, wish, { signal, clock }), clock)
        break
      } catch (error) {
        signal.throwIfAborted()
        onError(error)
        await sleep(clock, Math.min(backOff.first * 2 ** failures, backOff.last), signal)
      }
    }
  }
  await mkdir(dirname(resolve(kubeconfig)), { recursive: true, mode: 0o700 })
  // The file changes with every renewal.
  const user = { 'client-certificate': store.path, 'client-key': store.path }
  await writeFileAtomically(kubeconfig, kubeconfigText(connection, `system:node:${nodeName}`, user), { mode: 0o600 })
}

function isGood(certificate: string | undefined, now: number): boolean {
  try {
    return certificate !== undefined && Date.parse(new X509Certificate(certificate).validTo) > now
  } catch {
    return false
  }
}
