import { spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Where libcni, which containerd uses, notes each attachment it has made, until it is undone. */
const cacheFolder = '/var/lib/cni/results'

/** An attachment of a container to a network, as libcni notes it. `config` is base64 of the network's configuration. */
export interface CniAttachment {
  readonly containerId: string
  readonly config: string
  readonly ifName: string
  readonly networkName: string
  readonly cniArgs?: readonly (readonly [string, string])[] | null
  readonly capabilityArgs?: Readonly<Record<string, unknown>> | null
  readonly result?: unknown
}

/**
 * Undoes the network attachments of containers that are gone, for which no runtime does it any more: addresses are
 * given back, host ports closed. A plugin that fails is passed over.
 */
export async function removeCniAttachments(
  containerIds: readonly string[],
  { binDir, cache = cacheFolder }: { readonly binDir: string | undefined; readonly cache?: string },
): Promise<void> {
  const files = (await readdir(cache).catch(() => [])).filter(file => containerIds.some(id => file.includes(`-${id}-`)))
  for (const file of files) {
    const attachment = await readAttachment(join(cache, file))
    for (const call of attachment && binDir ? cniDeletions(attachment, binDir) : []) await runPlugin(call)
    await rm(join(cache, file), { force: true })
  }
}

async function readAttachment(file: string): Promise<CniAttachment | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as CniAttachment
  } catch {
    return undefined
  }
}

/** One run of a plugin. */
export interface CniCall {
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
  readonly input: string
}

interface CniPlugin {
  readonly type: string
  readonly capabilities?: Readonly<Record<string, boolean>>
}

/** The plugin runs that undo an attachment: the network's plugins, last one first, without a network namespace. */
export function cniDeletions(attachment: CniAttachment, binDir: string): CniCall[] {
  const { containerId, ifName, cniArgs, capabilityArgs, result } = attachment
  let network: { cniVersion?: string; name?: string; type?: string; plugins?: readonly CniPlugin[] }
  try {
    network = JSON.parse(Buffer.from(attachment.config, 'base64').toString())
  } catch {
    return []
  }
  const plugins = network.plugins ?? (network.type ? [network as CniPlugin] : [])
  const environment = {
    CNI_COMMAND: 'DEL',
    CNI_CONTAINERID: containerId,
    CNI_NETNS: '',
    CNI_IFNAME: ifName,
    CNI_ARGS: (cniArgs ?? []).map(pair => pair.join('=')).join(';'),
    CNI_PATH: binDir,
  }
  return plugins.toReversed().map(plugin => {
    const wanted = Object.entries(capabilityArgs ?? {}).filter(([name]) => plugin.capabilities?.[name])
    const input = {
      ...plugin,
      cniVersion: network.cniVersion,
      name: network.name ?? attachment.networkName,
      ...(wanted.length > 0 && { runtimeConfig: Object.fromEntries(wanted) }),
      ...(result !== undefined && { prevResult: result }),
    }
    return { program: join(binDir, plugin.type), environment, input: JSON.stringify(input) }
  })
}

function runPlugin({ program, environment, input }: CniCall): Promise<void> {
  return new Promise(resolve => {
    const path = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter)
    const env = { ...process.env, PATH: path, ...environment }
    const child = spawn(program, { env, stdio: ['pipe', 'ignore', 'ignore'], timeout: 20_000 })
    child.once('close', () => resolve()).once('error', () => resolve())
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
