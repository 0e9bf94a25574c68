import type { Command } from 'commander'
import { withCluster } from './cluster-commands.js'

/** The processes that `t8s up` starts; not for people, hence hidden. */
export function addInternalCommands(program: Command): void {
  withCluster(program.command('supervise', { hidden: true })).action(async options =>
    (await import('./run-internal-commands.js')).runSupervisor(options),
  )
  withCluster(program.command('control-plane', { hidden: true })).action(async options =>
    (await import('./run-internal-commands.js')).runControlPlane(options),
  )
  withCluster(program.command('node', { hidden: true }).option('--node <name>')).action(async options =>
    (await import('./run-internal-commands.js')).runNode(options),
  )
}
