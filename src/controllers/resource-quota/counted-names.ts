import type { CountedResource } from '../../api/core/v1/index.js'

/** Kinds whose objects are followed one by one. */
const followed = new Set(['pods', 'services', 'persistentvolumeclaims', 'resourceclaims.resource.k8s.io'])

/** Core kinds that quotas may count by their plain names. */
const plain = new Set(['configmaps', 'replicationcontrollers', 'resourcequotas', 'secrets'])

/** The kind that a quota's name counts (`count/deployments.apps`, `secrets`), if its objects are not followed anyway. */
export function uncounted(name: string): CountedResource | undefined {
  const resource = name.startsWith('count/') ? name.slice('count/'.length) : plain.has(name) ? name : ''
  if (!resource || followed.has(resource)) return undefined
  const dot = resource.indexOf('.')
  return dot < 0 ? { group: '', plural: resource } : { group: resource.slice(dot + 1), plural: resource.slice(0, dot) }
}
