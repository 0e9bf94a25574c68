import { ClusterRole } from '../api/rbac/v1/index.js'
import type { Client } from '../client/client.js'
import { isAlreadyExists } from '../machinery/status-error.js'
import type { ResourceMetrics } from '../metrics/index.js'
import type { ComputedObjects } from '../server/registry/resource-stage.js'

/** The kinds of `metrics.k8s.io` as their source has them when they are asked for; none before there is a source. */
export const computedMetrics = (source: () => ResourceMetrics | undefined): ComputedObjects => ({
  'nodes.metrics.k8s.io': async () => source()?.nodes() ?? [],
  'pods.metrics.k8s.io': async (namespace, matches) => source()?.pods(namespace, matches) ?? [],
})

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
