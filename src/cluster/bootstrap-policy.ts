import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../api/rbac/v1/index.js'
import type { Client } from '../client/client.js'
import { type ApiObject, keyOf } from '../machinery/object.js'
import { isAlreadyExists } from '../machinery/status-error.js'
import type { Kind } from '../schema/index.js'
import {
  bootstrapClusterRoleBindings,
  bootstrapClusterRoles,
  bootstrapRoleBindings,
  bootstrapRoles,
  featurePolicy,
  reconciledBinding,
  reconciledRole,
} from '../server/authorization/bootstrap-policy/index.js'
import type { FeatureGates } from './feature-gates.js'

const options = { fieldManager: 'kube-apiserver' }

/**
 * Makes the roles and bindings that every cluster has, and those of features that are on, and adds what is missing from
 * those that are there. `namespaces` resolves once the system namespaces are there. Safe to repeat.
 */
export async function reconcileBootstrapPolicy(
  client: Client,
  namespaces: Promise<void>,
  features: FeatureGates,
): Promise<void> {
  const extra = features.StorageVersionMigrator ? [featurePolicy('storage-version-migrator-controller')] : []
  const inNamespaces = async () => {
    await namespaces
    await reconcileAll(client, Role, bootstrapRoles, reconciledRole)
    await reconcileAll(client, RoleBinding, bootstrapRoleBindings, reconciledBinding)
  }
  const ofCluster = async () => {
    await reconcileAll(
      client,
      ClusterRole,
      [...bootstrapClusterRoles, ...extra.map(({ role }) => role)],
      reconciledRole,
    )
    const bindings = [...bootstrapClusterRoleBindings, ...extra.map(({ binding }) => binding)]
    await reconcileAll(client, ClusterRoleBinding, bindings, reconciledBinding)
  }
  await Promise.all([ofCluster(), inNamespaces()])
}

async function reconcileAll<T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  expected: readonly T[],
  reconcile: (existing: T, expected: T) => T | 'recreate' | undefined,
): Promise<void> {
  const { items } = await client.list(kind)
  const existing = new Map(items.map(item => [keyOf(item.metadata), item]))
  const create = async (object: T): Promise<void> => {
    await client.create(kind, object as unknown as I, options).catch(error => {
      // Another server of the cluster is at it, too.
      if (!isAlreadyExists(error)) throw error
    })
  }
  await Promise.all(
    expected.map(async object => {
      const found = existing.get(keyOf(object.metadata))
      if (!found) return create(object)
      const wanted = reconcile(found, object)
      if (wanted === 'recreate') {
        await client.delete(kind, object.metadata)
        await create(object)
      } else if (wanted) await client.update(kind, wanted as unknown as I, options)
    }),
  )
}
