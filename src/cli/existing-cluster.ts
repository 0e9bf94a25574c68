import { type ClusterConfig, readConfig } from '../cluster/cluster-config.js'
import { commandFor } from '../cluster/command-for.js'
import { OperatorError } from '../cluster/operator-error.js'
import { type ClusterPaths, clusterPaths } from '../cluster/paths.js'

/** The flags that say which cluster is meant. */
export interface ClusterFlags {
  readonly name: string
  readonly root?: string
}

/** Where a cluster, which need not exist, keeps everything. */
export function pathsOf({ name, root }: ClusterFlags): ClusterPaths {
  // Children are told by the environment, so that all agree.
  if (root) process.env['T8S_ROOT'] = root
  return clusterPaths(name, { root })
}

/** A cluster that is there. Throws an `OperatorError` if it is not. */
export async function existingCluster(flags: ClusterFlags): Promise<{ paths: ClusterPaths; config: ClusterConfig }> {
  const paths = pathsOf(flags)
  const config = await readConfig(paths)
  if (!config)
    throw new OperatorError(`there is no cluster ${flags.name}`, `\`${commandFor(flags.name, 'up')}\` makes it.`)
  return { paths, config }
}
