import { Node } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { RenewableTransport } from '../client/https-transport.js'
import type { Informers } from '../client/informers.js'
import {
  CertificateRotation,
  type CertificateStore,
  clientWish,
  type KeyedCertificate,
  RotationMetrics,
  servingWish,
} from '../kubelet/certificates/index.js'
import type { Kubelet } from '../kubelet/kubelet.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { followFiles } from './file-changes.js'

export interface KubeletCredentialsOptions {
  readonly kubelet: Kubelet
  /** The kubelet's own. */
  readonly client: Client
  readonly transport: RenewableTransport
  /** Which follow the node. */
  readonly informers: Informers
  /** Has the client certificate renewed; as it is otherwise. */
  readonly clientStore?: CertificateStore | undefined
  readonly servingStore?: CertificateStore | undefined
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
}

/**
 * Has a kubelet renew its certificates, and use what is put into its stores by others at once, until disposed of.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#certificate-rotation
 */
export async function keepKubeletCredentials(options: KubeletCredentialsOptions): Promise<AsyncDisposable> {
  const { kubelet, client, transport, informers, clientStore, servingStore, onError, clock = systemClock } = options
  const { nodeName } = kubelet
  const parts: AsyncDisposable[] = []
  const metrics = new MetricsRegistry()
  kubelet.addMetrics(() => metrics.text())
  const keep = async (
    store: CertificateStore,
    use: 'client' | 'server',
    wish: () => ReturnType<typeof servingWish>,
    apply: (credential: KeyedCertificate) => void,
  ): Promise<CertificateRotation> => {
    const measured = new RotationMetrics(metrics, use, clock)
    const rotation = new CertificateRotation({ store, client, wish, renewed: apply, onError, clock, metrics: measured })
    const changed = async () => {
      const credential = await store.read()
      if (credential) apply(credential)
      rotation.check()
    }
    parts.push(rotation, await followFiles([store.path], { changed, onError, clock }))
    return rotation
  }
  if (clientStore)
    await keep(
      clientStore,
      'client',
      () => clientWish(nodeName),
      ({ certificate, key }) => transport.renew({ clientCert: certificate, clientKey: key }),
    )
  if (servingStore) {
    const nodes = informers.selected(Node, { fieldSelector: `metadata.name=${nodeName}` })
    const rotation = await keep(
      servingStore,
      'server',
      () => servingWish(nodes.get({ name: nodeName })),
      credential => kubelet.renewServing(credential),
    )
    const following = nodes.onChange((node, old) => {
      const addresses = ({ status }: Node) => JSON.stringify(status.addresses)
      if (!old || addresses(old) !== addresses(node)) rotation.check()
    })
    parts.push({ [Symbol.asyncDispose]: async () => following[Symbol.dispose]() })
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const part of parts.toReversed()) await part[Symbol.asyncDispose]()
    },
  }
}
