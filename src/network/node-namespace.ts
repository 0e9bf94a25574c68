import { excusing, type RunProgram, runProgram, unlessAbsent } from './run-program.js'

/** A network namespace of this machine that is the whole network of a node, and the link that leads there. */
export interface NodeNamespace {
  /** As `ip netns` shows it. */
  readonly name: string
  /** The machine's end of the link, 15 letters at most. */
  readonly link: string
  /** IPv4 address of the node. */
  readonly address: string
  /** IPv4 address of the machine as its namespaces see it, the same for all of a cluster. */
  readonly gateway: string
}

/** The link's end inside the namespace. */
const inside = 'eth0'

/** What to put before a program's words so that it runs in the namespace, with all else as it is outside. */
export const inNamespace = ({ name }: NodeNamespace): readonly [string, ...string[]] => [
  'nsenter',
  `--net=/run/netns/${name}`,
]

/** Makes a node's network as far as it is missing: the machine is the router of all its nodes. */
export async function ensureNodeNamespace(node: NodeNamespace, run: RunProgram = runProgram): Promise<void> {
  const { name, link, address, gateway } = node
  const ip = (...words: string[]) => run(['ip', ...words])
  const ipInside = (...words: string[]) => run(['ip', '-n', name, ...words])
  await excusing(ip('netns', 'add', name), /File exists/)
  await ipInside('link', 'set', 'lo', 'up')
  await excusing(ip('link', 'add', link, 'type', 'veth', 'peer', 'name', inside, 'netns', name), /File exists/)
  await ip('address', 'replace', `${gateway}/32`, 'dev', link)
  await ip('link', 'set', link, 'up')
  await ip('route', 'replace', address, 'dev', link, 'src', gateway)
  await ipInside('address', 'replace', `${address}/32`, 'dev', inside)
  await ipInside('link', 'set', inside, 'up')
  await ipInside('route', 'replace', gateway, 'dev', inside, 'src', address)
  await ipInside('route', 'replace', 'default', 'via', gateway, 'dev', inside, 'src', address)
}

/** Removes a node's network, with all that is in it. Harmless where there is none. */
export async function removeNodeNamespace({ name, link }: NodeNamespace, run: RunProgram = runProgram): Promise<void> {
  // A process that has not ended yet keeps a namespace, but no longer with a way out.
  await unlessAbsent(run(['ip', 'link', 'delete', 'dev', link]), /Cannot find device/)
  await unlessAbsent(run(['ip', 'netns', 'delete', name]), /No such file or directory/)
}

const table = (cluster: string): string => `${cluster}.nodes`

/**
 * Lets nodes in namespaces reach the world under the machine's address.
 * `nodeCidr` are the nodes' addresses, `podCidr` those of pods; packets between these show who sent them.
 */
export async function ensureWayOut(
  { cluster, nodeCidr, podCidr }: { readonly cluster: string; readonly nodeCidr: string; readonly podCidr: string },
  run: RunProgram = runProgram,
): Promise<void> {
  const name = table(cluster)
  const input = [
    `table ip ${name}`,
    `delete table ip ${name}`,
    `table ip ${name} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${nodeCidr} ip daddr != { ${nodeCidr}, ${podCidr}, 224.0.0.0/4 } masquerade fully-random`,
    '  }',
    '}',
    '',
  ].join('\n')
  await run(['nft', '-f', '-'], { input })
}

export const removeWayOut = (cluster: string, run: RunProgram = runProgram): Promise<void> =>
  unlessAbsent(run(['nft', 'delete', 'table', 'ip', table(cluster)]), /No such file or directory/)
