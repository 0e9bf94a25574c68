import { ClusterRole } from '../api/rbac/v1/index.js'
import type { Client } from '../client/client.js'
import { isAlreadyExists } from '../machinery/status-error.js'
import type { ResourceMetrics } from '../metrics/index.js'
import { encodeForStore, StoredObject } from '../server/cache/stored-object.js'
import type { ComputedObjects } from '../server/registry/resource-stage.js'

/** The kinds of `metrics.k8s.io` as their source has them when they are asked for; none before there is a source. */
export const computedMetrics = (source: () => ResourceMetrics | undefined): ComputedObjects => ({
  'nodes.metrics.k8s.io': async () => (source()?.nodes() ?? []).map(asStored),
  'pods.metrics.k8s.io': async namespace => (source()?.pods(namespace) ?? []).map(asStored),
})

const asStored = (object: ReturnType<ResourceMetrics['nodes' | 'pods']>[number]): StoredObject =>
  new StoredObject(encodeForStore(object), 0)

/** Lets whoever may view, edit or administer see figures, too; as metrics-server's manifests do. Safe to repeat. */
export async function createMetricsReaderRole(client: Client): Promise<void> {
  const aggregateTo = ['view', 'edit', 'admin'].map(
    role => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true'] as const,
  )
  const role = {
    metadata: { name: 'system:aggregated-metrics-reader', labels: Object.fromEntries(aggregateTo) },
    rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
  }
  await client.create(ClusterRole, role).catch(error => {
    if (!isAlreadyExists(error)) throw error
  })
}
