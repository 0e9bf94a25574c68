import type { NodeInfo } from './node-info.js'

/** The nodes in the order in which they are tried: one of each zone in turn, so that a sample has some of all zones. */
export function zonesInTurn(nodes: Iterable<NodeInfo>): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  for (const info of nodes) {
    const { zone } = info
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
