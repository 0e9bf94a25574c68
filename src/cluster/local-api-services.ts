import { APIService } from '../api/apiregistration/v1/index.js'
import type { Client } from '../client/client.js'
import type { Resource } from '../machinery/resource.js'
import { isAlreadyExists } from '../machinery/status-error.js'

/** The place of groups among each other, and of versions within theirs, as upstream registers its own. */
const groupPriorities: { readonly [group: string]: number } = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'resource.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'metrics.k8s.io': 100,
}
const versionPriorities: { readonly [groupVersion: string]: number } = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'metrics.k8s.io/v1beta1': 100,
  'resource.k8s.io/v1': 21,
}
const versionPriority = 15

/** Registers every version that the server itself serves, but for the registration's own. Safe to repeat. */
export async function registerLocalApiServices(client: Client, resources: readonly Resource[]): Promise<void> {
  const { items } = await client.list(APIService)
  const registered = new Set(items.map(({ metadata }) => metadata.name))
  const served = new Map(resources.map(({ kind: { gvk } }) => [`${gvk.version}.${gvk.group}`, gvk]))
  await Promise.all(
    [...served].map(async ([name, { group, version }]) => {
      const groupPriorityMinimum = groupPriorities[group]
      if (groupPriorityMinimum === undefined || registered.has(name)) return
      const service = {
        metadata: { name, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
        spec: {
          group,
          version,
          groupPriorityMinimum,
          versionPriority: versionPriorities[`${group}/${version}`] ?? versionPriority,
        },
      }
      await client.create(APIService, service).catch(error => {
        if (!isAlreadyExists(error)) throw error
      })
    }),
  )
}
