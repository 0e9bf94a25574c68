import type { SchedulerPlugin } from '../framework.js'
import { hostPortsOf, portsConflict } from '../node-info.js'

/** Two pods cannot have one port of a node. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  filter({ pod }) {
    const wanted = hostPortsOf(pod)
    if (wanted.length === 0) return undefined
    return ({ hostPorts }) =>
      wanted.some(port => hostPorts.some(taken => portsConflict(port, taken)))
        ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] }
        : undefined
  },
}
