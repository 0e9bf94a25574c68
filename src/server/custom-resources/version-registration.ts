import { APIService } from '../../api/apiregistration/v1/index.js'
import { isAlreadyExists, isNotFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import { customPriority } from '../discovery/priorities.js'
import { apiVersionOf } from '../registry/read-body.js'
import type { Registries } from '../registry/registries.js'
import type { WriteContext } from '../registry/registry.js'

/** Registrations that the server makes and removes by itself. */
const automanaged = { 'kube-aggregator.kubernetes.io/automanaged': 'true' }

const nameOf = (group: string, version: string): string => `${version}.${group}`

/**
 * Registers versions of groups of custom resources as API services, and takes back those that are served no longer.
 * `served` holds the versions of the group that some definition serves.
 */
export async function registerVersions(
  registries: Registries,
  group: string,
  served: ReadonlySet<string>,
  writer: WriteContext,
): Promise<void> {
  const services = registries.of(APIService)
  for (const version of served) {
    const name = nameOf(group, version)
    if (services.cache.get(name)) continue
    const service = {
      kind: APIService.gvk.kind,
      apiVersion: apiVersionOf(APIService.gvk),
      metadata: { name, labels: { ...automanaged } },
      spec: { group, version, ...customPriority },
    }
    await services.create('', service as unknown as Draft<APIService>, writer).catch(error => {
      if (!isAlreadyExists(error)) throw error
    })
  }
  for (const { object } of services.cache.list()) {
    const { metadata, spec } = object
    const own = spec.group === group && metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'] === 'true'
    if (!own || served.has(spec.version ?? '')) continue
    await services.delete('', metadata.name ?? '', {}, writer).catch(error => {
      if (!isNotFound(error)) throw error
    })
  }
}
