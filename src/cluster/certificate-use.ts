import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from 'node:tls'
import { messageOf } from '../machinery/message-of.js'
import { type ClusterCertificate, clusterCertificates } from './certificate-inventory.js'
import type { ClusterConfig } from './cluster-config.js'
import { commandFor } from './command-for.js'
import { findDaemon } from './daemon.js'
import { supervisorDir } from './lifecycle.js'
import { localNodes } from './local-nodes.js'
import { OperatorError } from './operator-error.js'
import type { ClusterPaths } from './paths.js'
import { FILES } from './pki-files.js'
import { listProcesses, type ProcessReport } from './process-table.js'

const patienceMs = 60_000
const pollMs = 100
const connectMs = 3_000

/** The processes of a running cluster, which are started again if an authority is renewed; undefined if it does not run. */
export const runningProcesses = async (paths: ClusterPaths): Promise<readonly ProcessReport[] | undefined> =>
  (await findDaemon(supervisorDir(paths))) && listProcesses(supervisorDir(paths))

/**
 * Waits until a running cluster uses renewed certificates: until its servers serve with them and, if an authority is among
 * them, its processes are others than `before`. Throws an `OperatorError` if one goes on with what it had.
 */
export async function awaitUse(
  paths: ClusterPaths,
  config: ClusterConfig,
  renewed: readonly ClusterCertificate[],
  before: readonly ProcessReport[],
): Promise<void> {
  const deadline = performance.now() + patienceMs
  const command = (text: string) => commandFor(config.name, text)
  const until = async (process: string, what: string, holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) {
      if (performance.now() > deadline)
        throw new OperatorError(
          `${process} ${what}`,
          `See \`${command(`logs ${process}`)}\`; \`${command('down')}\` and \`${command('up')}\` start it anew.`,
        )
      await pause(pollMs)
    }
  }
  const authority = renewed.some(each => each.authority === undefined)
  if (authority)
    for (const { name, identity } of before)
      await until(name, 'has not started again', async () => {
        const now = (await listProcesses(supervisorDir(paths))).find(process => process.name === name)
        return now?.running === true && now.identity?.pid !== identity?.pid
      })
  for (const { name, host, port, process } of serversOf(config)) {
    const certificate = clusterCertificates(paths, config).find(each => each.name === name)
    if (!certificate || !(authority || renewed.some(each => each.name === name))) continue
    await until(process, `does not serve with the new certificate at ${host}:${port}`, async () => {
      const wanted = new X509Certificate(await readFile(certificate.file)).fingerprint256
      return (await servedAt(host, port).catch(messageOf)) === wanted
    })
  }
}

/** Where a cluster serves, and with which certificate. */
const serversOf = (config: ClusterConfig) => [
  { name: FILES.apiserver as string, host: '127.0.0.1', port: config.apiPort, process: 'control-plane' },
  ...localNodes(config).map(({ name, address, process }) => ({
    name: `${name}-serving`,
    host: address,
    port: config.kubeletPort,
    process,
  })),
]

/** The fingerprint of what a server serves with. */
function servedAt(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // Which one it is is all that matters here.
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: connectMs }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
      socket.destroy()
    })
    socket.on('timeout', () => socket.destroy(new Error('it does not answer')))
    socket.on('error', reject)
  })
}
