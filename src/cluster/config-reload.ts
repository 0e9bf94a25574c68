import type { Client } from '../client/client.js'
import { ConfigError } from '../config/config-error.js'
import { checkConfigFile } from '../config/config-file.js'
import { checkDefinitions } from '../config/install.js'
import type { Manifest } from '../config/manifest.js'
import { systemClock } from '../machinery/clock.js'
import { endProcess } from '../machinery/process-identity.js'
import type { ClusterConfig } from './cluster-config.js'
import { OperatorError } from './operator-error.js'
import { listProcesses } from './process-table.js'
import type { Progress } from './progress.js'

const graceMs = 60_000

export interface CheckedConfig {
  /** With the digest of what its configuration file says now. */
  readonly config: ClusterConfig
  readonly manifest: Manifest | undefined
}

/** Loads the configuration file of a cluster, if it has one. Throws an `OperatorError` if it cannot be used. */
export async function withCheckedFile(config: ClusterConfig, progress: Progress): Promise<CheckedConfig> {
  const { configFile, configDigest: _, ...rest } = config
  if (configFile === undefined) return { config: rest, manifest: undefined }
  const { digest, manifest } = await progress.step(`checking ${configFile}`, () =>
    asOperatorError(() => checkConfigFile(configFile, systemClock)),
  )
  return { config: { ...rest, configFile, configDigest: digest }, manifest }
}

/**
 * Has a cluster that is up take on another configuration: its control plane is started anew, which no container notices.
 * Throws an `OperatorError`, having changed nothing, if the API server would not accept it.
 */
export async function takeOnConfig(stateDir: string, manifest: Manifest | undefined, client: Client): Promise<void> {
  if (manifest) await asOperatorError(() => checkDefinitions(client, manifest))
  const running = (await listProcesses(stateDir)).find(({ name }) => name === 'control-plane')
  // Its supervisor starts it again.
  if (running?.running && running.identity) await endProcess(running.identity, { graceMs })
}

/** Whether two clusters' configurations differ in what the control plane reads when it starts. */
export const isOtherConfig = (one: ClusterConfig | undefined, other: ClusterConfig): boolean =>
  one?.configFile !== other.configFile || one?.configDigest !== other.configDigest

async function asOperatorError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new OperatorError(error.message, 'Nothing has been changed. Correct it and run `t8s up` again.', {
      cause: error,
    })
  }
}
