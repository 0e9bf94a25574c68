import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ClusterConfig } from './cluster-config.js'
import { commandFor } from './command-for.js'
import { hasCode, OperatorError } from './operator-error.js'

type Setting = keyof ClusterConfig

/** What is noted in objects of a cluster from its first start. */
const fixed: readonly Setting[] = ['serviceCidr', 'podCidr', 'clusterDomain', 'nodeName']
/** What nothing that runs depends on, or what is taken on while it runs. */
const free: readonly Setting[] = ['kubeconfig', 'configFile', 'configDigest']

/** Throws an `OperatorError` if a cluster that was made, or runs, with `known` cannot go on with `wanted`. */
export function refuseChanges(known: ClusterConfig, wanted: ClusterConfig, running: boolean): void {
  const settings = Object.keys(wanted) as Setting[]
  const changed = settings.filter(setting => !free.includes(setting) && wanted[setting] !== known[setting])
  const show = (names: readonly Setting[]) =>
    names.map(name => `${flagOf(name)} is ${known[name] || 'empty'}, not ${wanted[name] || 'empty'}`).join('; ')
  const impossible = changed.filter(setting => fixed.includes(setting))
  if (impossible.length > 0)
    throw new OperatorError(
      `the cluster ${known.name} was made with other settings: ${show(impossible)}`,
      `These cannot change. Leave them out, or begin anew with \`${commandFor(known.name, 'delete')}\`.`,
    )
  if (running && changed.length > 0)
    throw new OperatorError(
      `the cluster ${known.name} is up with other settings: ${show(changed)}`,
      `Stop it with \`${commandFor(known.name, 'down')}\`; what you ask for holds from the next \`t8s up\`.`,
    )
}

/** What a setting is called on the command line. */
const flagOf = (setting: Setting): string => `--${setting.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** Throws an `OperatorError` if somebody else listens where a cluster wants to. */
export async function requireFreePorts({ apiPort, kubeletPort, dnsPort, address }: ClusterConfig): Promise<void> {
  const wanted = [
    { flag: '--api-port', port: apiPort, host: '0.0.0.0' },
    { flag: '--kubelet-port', port: kubeletPort, host: '0.0.0.0' },
    { flag: '--dns-port', port: dnsPort, host: address },
  ]
  for (const { flag, port, host } of wanted) {
    const trouble = await listenTrouble(port, host)
    if (hasCode(trouble, 'EADDRINUSE'))
      throw new OperatorError(
        `port ${port} is in use`,
        `Choose another one with ${flag}, or end what uses it: \`ss -ltnp sport = :${port}\` shows it.`,
        { cause: trouble },
      )
    if (hasCode(trouble, 'EADDRNOTAVAIL'))
      throw new OperatorError(
        `${host} is no address of this machine`,
        'Name one with --address; `ip address` shows them.',
        { cause: trouble },
      )
    if (trouble) throw trouble
  }
}

async function listenTrouble(port: number, host: string): Promise<unknown> {
  const server = createServer().listen({ port, host, exclusive: true })
  try {
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return error
  } finally {
    await new Promise(resolve => server.close(resolve))
  }
}
