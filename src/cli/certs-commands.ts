import type { Command } from 'commander'
import { withCluster } from './cluster-commands.js'

/** What a person does about the certificates of a cluster. */
export function addCertsCommands(program: Command): void {
  const certs = program.command('certs').summary('look at the certificates of the cluster, and renew them')
  withCluster(certs.command('check'))
    .summary('say when each certificate ends')
    .description('Lists the certificates of the cluster. The exit code is 1 if one is of no use, or will be soon.')
    .option('--within <duration>', 'what counts as soon', '30d')
    .option('-o, --output <format>', 'table or json', 'table')
    .action(async options => (await import('./run-certs-commands.js')).checkCerts(options))
  withCluster(certs.command('renew'))
    .summary('issue certificates anew')
    .description(
      'Issues certificates anew, for a year: those named, or all but the authorities. Keys stay the same. A running\n' +
        'cluster uses them at once, without a restart. An authority is renewed only if it is named (ca, front-proxy-ca): it\n' +
        'keeps its key, so that all it has signed stays good, and the processes of a running cluster are started again.',
    )
    .argument('[names...]', 'as `t8s certs check` lists them')
    .option('--new-keys', 'make new keys for them, too; authorities keep theirs')
    .action(async (names, options) => (await import('./run-certs-commands.js')).renewCerts(names, options))
}
