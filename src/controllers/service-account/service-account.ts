import { Namespace, ServiceAccount } from '../../api/core/v1/index.js'
import { type Controller, controller, watchAlso } from '../../client/controller.js'
import { isAlreadyExists } from '../../machinery/status-error.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'

const name = 'default'

/**
 * Every namespace has a service account for pods that name none:
 * https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts
 */
export const defaultServiceAccounts: Controller = controller({
  name: 'serviceaccount',
  watches: {
    for: Namespace,
    also: [
      watchAlso(ServiceAccount, ({ metadata }) =>
        metadata.name === name ? [{ namespace: '', name: metadata.namespace ?? '' }] : [],
      ),
    ],
  },
  async reconcile(key, { get, client }) {
    const namespace = get(Namespace, key)
    if (!namespace || namespace.status.phase === 'Terminating' || namespace.metadata.deletionTimestamp) return undefined
    if (get(ServiceAccount, { namespace: key.name, name })) return undefined
    try {
      await client.create(ServiceAccount, { metadata: { namespace: key.name, name } })
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error
    }
    return undefined
  },
})
