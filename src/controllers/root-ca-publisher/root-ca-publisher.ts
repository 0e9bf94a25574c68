import { ConfigMap, Namespace } from '../../api/core/v1/index.js'
import { type Controller, controller, watchAlso } from '../../client/controller.js'
import { isAlreadyExists } from '../../machinery/status-error.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'

const name = 'kube-root-ca.crt'
const description = 'kubernetes.io/description'
const descriptionText =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
  'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/**
 * Puts the certificate authority by which the API server is known into every namespace, where the pods' tokens are
 * mounted together with it. `rootCa` is PEM.
 */
export function rootCaPublisher(rootCa: string): Controller {
  const data = { 'ca.crt': rootCa }
  return controller({
    name: 'root-ca-cert-publisher',
    watches: {
      for: Namespace,
      also: [
        watchAlso(ConfigMap, ({ metadata }) =>
          metadata.name === name ? [{ namespace: '', name: metadata.namespace ?? '' }] : [],
        ),
      ],
    },
    async reconcile(key, { get, client }) {
      const namespace = get(Namespace, key)
      if (!namespace || namespace.status.phase === 'Terminating' || namespace.metadata.deletionTimestamp)
        return undefined
      const found = get(ConfigMap, { namespace: key.name, name })
      try {
        if (!found)
          await client.create(ConfigMap, {
            metadata: { namespace: key.name, name, annotations: { [description]: descriptionText } },
            data,
          })
        else if (
          found.data?.['ca.crt'] !== rootCa ||
          Object.keys(found.data).length !== 1 ||
          !found.metadata.annotations?.[description]
        )
          await client.update(ConfigMap, {
            ...found,
            metadata: {
              ...found.metadata,
              annotations: { ...found.metadata.annotations, [description]: descriptionText },
            },
            data,
          })
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error
      }
      return undefined
    },
  })
}
