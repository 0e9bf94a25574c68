import { readFile, rm, writeFile } from 'node:fs/promises'
import { ProgramError, type RunProgram, runProgram } from './run-program.js'

/** How pods are connected to their node: all to one bridge, or each by a link of its own. */
export type CniType = 'bridge' | 'ptp'

export interface PodNetwork {
  readonly name: string
  readonly type: CniType
  /** Addresses of this node's pods; the first one is the node's own on the pods' side. */
  readonly podCidr: string
  /** Name of the bridge; at most 15 letters. Not used with `ptp`. */
  readonly bridge: string
  /** Folder in which addresses that are taken are noted. */
  readonly ipamDir: string
  /** Of the links; that of the device towards the rest of the world by default. */
  readonly mtu?: number
}

const cniVersion = '0.4.0'

/**
 * The CNI configuration of a node, as a list of plugins: addresses by host-local, host ports by portmap. Nothing is
 * masqueraded here: the service proxy does that for traffic that leaves the cluster.
 */
export function cniConfig({ name, type, podCidr, bridge, ipamDir, mtu }: PodNetwork): string {
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: podCidr }]],
    routes: [{ dst: podCidr.includes(':') ? '::/0' : '0.0.0.0/0' }],
    dataDir: ipamDir,
  }
  const link = mtu ? { mtu } : {}
  // A pod that reaches itself through its service needs its own packets back: hence hairpin mode.
  const connect =
    type === 'bridge'
      ? { type, bridge, isGateway: true, hairpinMode: true, ipMasq: false, ipam, ...link }
      : { type, ipMasq: false, ipam, ...link }
  const plugins = [connect, { type: 'portmap', snat: true, capabilities: { portMappings: true } }]
  return `${JSON.stringify({ cniVersion, name, plugins }, null, 2)}\n`
}

const bridgeFilter = '/proc/sys/net/bridge/bridge-nf-call-iptables'

/**
 * Bridges, where the kernel can show bridged packets to its packet filter; else point to point. Answers between two pods
 * on one bridge stay below the IP layer, and with a filter that does not see them they would never be translated back
 * to the address of the service that was asked.
 */
export async function chooseCniType(run: RunProgram = runProgram): Promise<CniType> {
  if (await readable(bridgeFilter)) return 'bridge'
  try {
    await run(['modprobe', 'br_netfilter'])
  } catch (error) {
    if (error instanceof ProgramError) return 'ptp'
    throw error
  }
  return (await readable(bridgeFilter)) ? 'bridge' : 'ptp'
}

/** Makes the machine forward packets, as a node must. Throws if the kernel's settings cannot be written. */
export async function prepareHost(type: CniType): Promise<void> {
  await setKernel('/proc/sys/net/ipv4/ip_forward', '1')
  if (type === 'bridge') await setKernel(bridgeFilter, '1')
}

/** The MTU of the device of the default route; undefined if there is none. */
export async function defaultMtu(): Promise<number | undefined> {
  const routes = (await readFile('/proc/net/route', 'utf8')).split('\n').map(line => line.split('\t'))
  const device = routes.find(
    ([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000',
  )?.[0]
  if (!device) return undefined
  const mtu = Number((await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => '')).trim())
  return mtu > 0 ? mtu : undefined
}

/** Takes a node's pod network out of the kernel and forgets which addresses were taken. Harmless if there is none. */
export async function removeNodeNetwork(
  { bridge, ipamDir }: Pick<PodNetwork, 'bridge' | 'ipamDir'>,
  run: RunProgram = runProgram,
): Promise<void> {
  if (await readable(`/sys/class/net/${bridge}/address`)) await run(['ip', 'link', 'delete', bridge])
  await rm(ipamDir, { recursive: true, force: true })
}

const readable = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  )

async function setKernel(path: string, value: string): Promise<void> {
  if ((await readFile(path, 'utf8')).trim() === value) return
  await writeFile(path, value)
}
