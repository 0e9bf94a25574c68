import { Node } from '../../api/core/v1/index.js'
import { type Controller, controller } from '../../client/controller.js'
import { isNotFound } from '../../machinery/status-error.js'
import { PodRanges } from './pod-ranges.js'

const defaultPrefix = { 4: 24, 6: 64 } as const

/**
 * Gives every node without `spec.podCIDR` its part of the cluster's pod addresses. What a node has is never changed.
 * `prefix` is the length of a part's network prefix: 24 for IPv4 and 64 for IPv6 by default.
 */
export function nodeIpam(clusterCidr: string, prefix?: number): Controller {
  const ranges = new PodRanges(clusterCidr, prefix ?? defaultPrefix[clusterCidr.includes(':') ? 6 : 4])
  const known = new Map<string, string>()
  return controller({
    name: 'node-ipam',
    watches: { for: Node },
    // One at a time: two nodes must not be given the same part.
    concurrency: 1,
    async reconcile({ name }, { get, list, client, events }) {
      const node = get(Node, { name })
      if (!node) {
        const had = known.get(name)
        if (had) ranges.release(had, name)
        known.delete(name)
        return undefined
      }
      if (node.spec.podCIDR) {
        ranges.occupy(node.spec.podCIDR, name)
        known.set(name, node.spec.podCIDR)
        return undefined
      }
      // Others may have theirs from before this controller started.
      for (const { metadata, spec } of list(Node)) if (spec.podCIDR) ranges.occupy(spec.podCIDR, metadata.name ?? '')
      const range = known.get(name) ?? ranges.take(name)
      if (!range) {
        events.record(node, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
        return { after: 60_000 }
      }
      known.set(name, range)
      try {
        await client.patch(Node, { name }, { type: 'strategic', body: { spec: { podCIDR: range, podCIDRs: [range] } } })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
      return undefined
    },
  })
}
