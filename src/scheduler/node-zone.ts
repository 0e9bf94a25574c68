import type { Node } from '../api/core/v1/index.js'

/** The region and zone of a node, as one word; empty if it says neither. */
export function zoneOf(node: Node | undefined): string {
  const labels = node?.metadata.labels ?? {}
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? ''
  return region || zone ? `${region}\0${zone}` : ''
}
