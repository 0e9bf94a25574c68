import { APIService } from '../api/apiregistration/v1/index.js'
import type { Client } from '../client/client.js'
import type { Resource } from '../machinery/resource.js'
import { isAlreadyExists, isNotFound } from '../machinery/status-error.js'
import { localPriority } from '../server/discovery/priorities.js'

/** The registration's own group, which needs none. */
const own = APIService.gvk.group

/** Who looks after a registration: one who makes it when the server starts. */
const label = 'kube-aggregator.kubernetes.io/automanaged'
const atStart = 'onstart'

/**
 * Registers every version that the server itself serves, but for the registration's own, and takes back what it has
 * registered and serves no more. Safe to repeat.
 */
export async function registerLocalApiServices(client: Client, resources: readonly Resource[]): Promise<void> {
  const { items } = await client.list(APIService)
  const registered = new Set(items.map(({ metadata }) => metadata.name))
  const served = new Map(resources.map(({ kind: { gvk } }) => [`${gvk.version}.${gvk.group}`, gvk]))
  const outdated = items.filter(
    ({ metadata, spec }) => metadata.labels?.[label] === atStart && !spec.service && !served.has(metadata.name ?? ''),
  )
  await Promise.all(
    outdated.map(({ metadata }) =>
      client.delete(APIService, metadata).catch(error => {
        if (!isNotFound(error)) throw error
      }),
    ),
  )
  await Promise.all(
    [...served].map(async ([name, { group, version }]) => {
      if (group === own || registered.has(name)) return
      const service = {
        metadata: { name, labels: { [label]: atStart } },
        spec: { group, version, ...localPriority(group, version) },
      }
      await client.create(APIService, service).catch(error => {
        if (!isAlreadyExists(error)) throw error
      })
    }),
  )
}
