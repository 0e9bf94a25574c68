import { APIService } from '../api/apiregistration/v1/index.js'
import type { Client } from '../client/client.js'
import type { Resource } from '../machinery/resource.js'
import { isAlreadyExists } from '../machinery/status-error.js'
import { localPriority } from '../server/discovery/priorities.js'

/** The registration's own group, which needs none. */
const own = APIService.gvk.group

/** Registers every version that the server itself serves, but for the registration's own. Safe to repeat. */
export async function registerLocalApiServices(client: Client, resources: readonly Resource[]): Promise<void> {
  const { items } = await client.list(APIService)
  const registered = new Set(items.map(({ metadata }) => metadata.name))
  const served = new Map(resources.map(({ kind: { gvk } }) => [`${gvk.version}.${gvk.group}`, gvk]))
  await Promise.all(
    [...served].map(async ([name, { group, version }]) => {
      if (group === own || registered.has(name)) return
      const service = {
        metadata: { name, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
        spec: { group, version, ...localPriority(group, version) },
      }
      await client.create(APIService, service).catch(error => {
        if (!isAlreadyExists(error)) throw error
      })
    }),
  )
}
