import { readFile, rm, writeFile } from 'node:fs/promises'
import { cidrOf } from '../machinery/ip-address.js'
import { ProgramError, type RunProgram, runProgram, unlessAbsent } from './run-program.js'

/** `bridge`: all pods of the node on one link; `ptp`: each on a link of its own. */
export type CniType = 'bridge' | 'ptp'

export interface CniOptions {
  /** Of the network: the plugins keep what they know under this name. */
  readonly name: string
  readonly type: CniType
  /** The addresses of this node's pods, of either family; the first is the gateway's. */
  readonly podCidr: string
  /** Name of the link that joins the pods, 15 letters at most; not used with `ptp`. */
  readonly bridge: string
  /** Where the addresses in use are noted. */
  readonly ipamDir: string
  /** The largest packet of the pods' links, in bytes; the kernel's choice, 1500, when absent. */
  readonly mtu?: number
}

/** The network configuration that containerd gives to the CNI plugins, as the text of a `.conflist`. Throws on bad options. */
export function cniConfig({ name, type, podCidr, bridge, ipamDir, mtu }: CniOptions): string {
  const cidr = cidrOf(podCidr, '10.244.0.0/24')
  if (type === 'bridge' && !/^[^\s/:]{1,15}$/.test(bridge)) throw new Error(`"${bridge}" cannot be the name of a link`)
  const shared = {
    // The proxy knows better than the plugins which packets must not show a pod's address.
    ipMasq: false,
    ...(mtu ? { mtu } : {}),
    ipam: {
      type: 'host-local',
      dataDir: ipamDir,
      ranges: [[{ subnet: podCidr }]],
      routes: [{ dst: cidr.family === 4 ? '0.0.0.0/0' : '::/0' }],
    },
  }
  const link =
    type === 'bridge'
      ? // Hairpin: a pod that reaches itself through a service leaves the bridge where it came in.
        { type: 'bridge', bridge, isGateway: true, hairpinMode: true, ...shared }
      : { type: 'ptp', ...shared }
  const plugins = [link, { type: 'portmap', capabilities: { portMappings: true }, snat: true }]
  return `${JSON.stringify({ cniVersion: '1.0.0', name, plugins }, null, 2)}\n`
}

/** The parts that touch the machine, for tests. */
export interface HostOptions {
  readonly run?: RunProgram
  /** Where the kernel's settings are; `/proc/sys` by default. */
  readonly settings?: string
}

const bridgeFilter = 'net/bridge/bridge-nf-call-iptables'

/**
 * The kind of pod links this machine can do. On a bridge, a pod's answer to a service's client on the same bridge must
 * pass the host's connection tracking, or the client does not recognize it: that takes bridge netfilter, which is loaded
 * and switched on here if need be. Without it every pod gets a link of its own.
 */
export async function chooseCniType({ run = runProgram, settings = '/proc/sys' }: HostOptions = {}): Promise<CniType> {
  const switchOn = () => ensureSetting(`${settings}/${bridgeFilter}`)
  try {
    await switchOn()
    return 'bridge'
  } catch {
    // The module is not loaded, or this kernel has none.
  }
  try {
    await run(['modprobe', 'br_netfilter'])
    await switchOn()
    return 'bridge'
  } catch {
    return 'ptp'
  }
}

/** Makes the host forward packets between its pods and the world. Throws if the kernel does not let it. */
export async function prepareHost(
  type: CniType,
  { family = 4, settings = '/proc/sys' }: HostOptions & { readonly family?: 4 | 6 } = {},
): Promise<void> {
  await ensureSetting(`${settings}/net/${family === 4 ? 'ipv4/ip_forward' : 'ipv6/conf/all/forwarding'}`)
  if (type === 'bridge')
    await ensureSetting(`${settings}/${family === 4 ? bridgeFilter : 'net/bridge/bridge-nf-call-ip6tables'}`)
}

/** Settings that are right are not written: they may be read-only. */
async function ensureSetting(file: string): Promise<void> {
  if ((await readFile(file, 'utf8')).trim() !== '1') await writeFile(file, '1')
}

/** The largest packet, in bytes, of the link that leads out of this machine; undefined if none does. */
export async function outgoingMtu({ run = runProgram }: HostOptions = {}): Promise<number | undefined> {
  for (const family of ['-4', '-6']) {
    const [route] = JSON.parse((await run(['ip', '-j', family, 'route', 'show', 'default'])) || '[]') as {
      dev?: string
    }[]
    if (!route?.dev) continue
    const [link] = JSON.parse(await run(['ip', '-j', 'link', 'show', 'dev', route.dev])) as { mtu?: number }[]
    if (link?.mtu) return link.mtu
  }
  return undefined
}

export interface RemovalOptions extends HostOptions {
  readonly bridge: string
  /** The plugins' notes on addresses in use, to be removed as well. */
  readonly ipamDir?: string
}

/**
 * Takes what the plugins have left of a node's network out of the kernel, after its pods are gone: the bridge, and the
 * chains for host ports unless somebody else's pods use them. Harmless where there is nothing.
 */
export async function removeNodeNetwork({ bridge, ipamDir, run = runProgram }: RemovalOptions): Promise<void> {
  await unlessAbsent(run(['ip', 'link', 'delete', 'dev', bridge, 'type', 'bridge']), /Cannot find device/)
  for (const family of ['', '6'] as const) await removeHostPortChains(family, run)
  if (ipamDir) await rm(ipamDir, { recursive: true, force: true })
}

async function removeHostPortChains(family: '' | '6', run: RunProgram): Promise<void> {
  let rules: string
  try {
    rules = await run([`ip${family}tables-save`, '-t', 'nat'])
  } catch (error) {
    // Without iptables or its table there are none.
    if (error instanceof ProgramError) return
    throw error
  }
  const script = hostPortRemoval(rules)
  if (script) {
    await run([`ip${family}tables-restore`, '--noflush'], { input: script })
    rules = await run([`ip${family}tables-save`, '-t', 'nat'])
  }
  // The plugin's first look made the table; an empty one does nothing. Where iptables is the old one nft knows none.
  if (isEmptyTable(rules))
    await unlessAbsent(run(['nft', 'delete', 'table', `ip${family}`, 'nat']), /No such file or directory/)
}

/** True of a table, as `iptables-save` shows it, that lets everything pass. */
const isEmptyTable = (saved: string): boolean =>
  saved.split('\n').every(line => !line || /^(#.*|\*nat|COMMIT|:[A-Z]+ ACCEPT .*)$/.test(line))

/** Chains that the portmap plugin makes once and never removes; it makes others for each pod, and removes those. */
const hostPortChains = ['CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-SETMARK', 'CNI-HOSTPORT-MASQ']

/**
 * What `iptables-restore` is to do to a nat table, as `iptables-save` shows it, so that the portmap plugin's chains are
 * gone; undefined if there are none or they are in use.
 */
export function hostPortRemoval(saved: string): string | undefined {
  const lines = saved.split('\n')
  const present = hostPortChains.filter(chain => lines.some(line => line.startsWith(`:${chain} `)))
  const inUse = lines.some(line => line.startsWith('-A CNI-HOSTPORT-DNAT ') || line.startsWith(':CNI-DN-'))
  if (!present.length || inUse) return undefined
  const jumps = lines.filter(
    line =>
      line.startsWith('-A ') &&
      present.some(chain => line.endsWith(`-j ${chain}`)) &&
      !present.some(chain => line.startsWith(`-A ${chain} `)),
  )
  return [
    '*nat',
    ...jumps.map(line => line.replace('-A', '-D')),
    ...present.map(chain => `-F ${chain}`),
    ...present.map(chain => `-X ${chain}`),
    'COMMIT',
    '',
  ].join('\n')
}
