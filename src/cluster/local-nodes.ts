import { formatIp, parseCidr } from '../machinery/ip-address.js'
import type { NodeNamespace } from '../network/node-namespace.js'
import type { ClusterConfig } from './cluster-config.js'
import { OperatorError } from './operator-error.js'

/** A node of a cluster on this machine. */
export interface LocalNode {
  readonly name: string
  /** Under which others reach it. */
  readonly address: string
  /** The process that is the node; names its log, too. */
  readonly process: string
  /** The cgroup above all of the node's. */
  readonly cgroup: string
  /** The network it sees, if that is not the machine's own. */
  readonly namespace?: NodeNamespace
}

/** Unique among the clusters of this machine: what the kernel knows a cluster's things by. */
export const kernelName = ({ name }: Pick<ClusterConfig, 'name'>): string => `t8s-${name}`

/**
 * The nodes of a cluster. The first is the machine itself, each further one a network namespace of it with a link to
 * the machine. Throws an `OperatorError` if there are not enough addresses.
 */
export function localNodes(config: ClusterConfig): readonly [LocalNode, ...LocalNode[]] {
  const { nodeName, address, nodes } = config
  const first = { name: nodeName, address, process: 'node', cgroup: `/${kernelName(config)}` }
  return [first, ...Array.from({ length: nodes - 1 }, (_, index) => furtherNode(config, index + 2))]
}

function furtherNode(config: ClusterConfig, number: number): LocalNode {
  const gateway = addressIn(config.nodeCidr, 1)
  const address = addressIn(config.nodeCidr, number)
  // A dot is in no cluster's name, so that no cluster's node is taken for another cluster.
  const name = `${kernelName(config)}.${number}`
  return {
    name: `${config.nodeName}-${number}`,
    address,
    process: `node-${number}`,
    cgroup: `/${name}`,
    namespace: { name, link: `t8s${number}-${config.name.slice(-8).replace(/^-+/, '')}`, address, gateway },
  }
}

function addressIn(nodeCidr: string, number: number): string {
  const cidr = parseCidr(nodeCidr)
  if (cidr?.family !== 4 || number >= 2 ** (32 - cidr.prefix) - 1)
    throw new OperatorError(
      `${nodeCidr} has no address for a node number ${number}`,
      'Name an IPv4 network with more addresses by --node-cidr, or ask for fewer nodes.',
    )
  return formatIp({ family: 4, value: cidr.network + BigInt(number) })
}
