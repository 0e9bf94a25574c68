import type { Node } from '../api/core/v1/index.js'
import type { NodeInfo } from './node-info.js'

/** The region and zone of a node, as one word; empty if it says neither. */
export function zoneOf(node: Node | undefined): string {
  const labels = node?.metadata.labels ?? {}
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? ''
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? ''
  return region || zone ? `${region}\0${zone}` : ''
}

/** The nodes in the order in which they are tried: one of each zone in turn, so that a sample has some of all zones. */
export function zonesInTurn(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  for (const info of nodes) {
    const zone = zoneOf(info.node)
    const known = zones.get(zone)
    if (known) known.push(info)
    else zones.set(zone, [info])
  }
  const [only, ...others] = zones.values()
  if (!only || others.length === 0) return only ?? []
  const order: NodeInfo[] = []
  const lists = [only, ...others]
  for (let i = 0; lists.some(list => i < list.length); i++)
    for (const list of lists) {
      const info = list[i]
      if (info) order.push(info)
    }
  return order
}
