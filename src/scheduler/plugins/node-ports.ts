import type { Rejection, SchedulerPlugin } from '../framework.js'
import { nodeInterest, podInterest } from '../hints.js'
import { type HostPort, hostPortsOf, portsConflict } from '../node-info.js'

const noPorts: Rejection = { reasons: ["node(s) didn't have free ports for the requested pod ports"] }

/** Two pods cannot have one port of a node. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  events: [
    nodeInterest(['add']),
    podInterest(['delete'], (pod, gone) => !gone || conflicts(hostPortsOf(pod), hostPortsOf(gone))),
  ],
  filter({ pod }) {
    const wanted = hostPortsOf(pod)
    if (wanted.length === 0) return undefined
    return {
      filter: ({ hostPorts }) => (conflicts(wanted, hostPorts) ? noPorts : undefined),
      signature: JSON.stringify(wanted),
    }
  },
}

const conflicts = (wanted: readonly HostPort[], taken: readonly HostPort[]): boolean =>
  wanted.some(port => taken.some(other => portsConflict(port, other)))
