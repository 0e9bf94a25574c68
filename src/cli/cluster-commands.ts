import type { Command } from 'commander'
import { DEFAULT_CLUSTER } from '../cluster/paths.js'
import { withFeatureGates, withRuntimeConfig } from './feature-flags.js'

/** Flags that say which cluster is meant. */
export const withCluster = (command: Command): Command =>
  command
    .option('--name <cluster>', 'name of the cluster', DEFAULT_CLUSTER)
    .option('--root <folder>', 'keep everything below this folder instead of /var/lib, /run and /var/log')

/** up, down, delete, status, logs: what a person types. */
export function addClusterCommands(program: Command): void {
  withFeatureGates(withRuntimeConfig(withCluster(program.command('up'))))
    .summary('start the cluster, and make it if there is none')
    .description(
      'Starts the cluster in the background and comes back when it is ready. Makes it if there is none, and installs ' +
        'the Debian packages that are missing. Harmless if the cluster is up already. A second cluster, with a --name of ' +
        'its own, gets the next free ports and addresses unless they are named.',
    )
    .option('--no-install', 'only list what would be installed')
    .option('--api-port <port>', 'port of the API server (6443)')
    .option('--address <ip>', 'address of this machine that the cluster uses')
    .option('--service-cidr <cidr>', 'addresses of services (10.96.0.0/16)')
    .option('--pod-cidr <cidr>', 'addresses of pods (10.244.0.0/16)')
    .option('--nodes <n>', 'how many nodes run pods; each beyond this machine is a network namespace of it (1)')
    .option('--node-cidr <cidr>', 'addresses of nodes beyond the first (10.89.0.0/24)')
    .option('--kubelet-port <port>', 'port of the node agent (10250)')
    .option('--dns-port <port>', 'port on this machine behind the DNS service (10053)')
    .option('--node-name <name>', "name of this machine's node (the host name)")
    .option('--simulated-nodes <n>', 'further nodes that only pretend to run their pods')
    .option('--config <file>', 'what the cluster has beyond what every cluster has (./t8s.config.ts, or as before)')
    .option('--no-config', 'nothing beyond that')
    .option('--kubeconfig <file>', 'kubeconfig that gets the context (as kubectl chooses)')
    .option('--timeout <duration>', 'how long to wait for the cluster to become ready', '2m')
    .action(async options => (await import('./run-cluster-commands.js')).up(options))
  withCluster(program.command('down'))
    .summary('stop the cluster and keep its data')
    .action(async options => (await import('./run-cluster-commands.js')).down(options))
  withCluster(program.command('delete'))
    .summary('stop the cluster and remove every trace of it')
    .action(async options => (await import('./run-cluster-commands.js')).remove(options))
  withCluster(program.command('status'))
    .summary('say how the cluster is')
    .action(async options => (await import('./run-cluster-commands.js')).status(options))
  withCluster(program.command('logs'))
    .summary('show the logs of the cluster itself')
    .description('Shows the log of one of the processes of the cluster, or the ends of all.')
    .argument('[component]', 'control-plane, node, containerd or supervisor')
    .option('-f, --follow', 'go on as more is written')
    .option('--tail <lines>', 'how many lines to begin with', '100')
    .action(async (component, options) => (await import('./run-cluster-commands.js')).logs(component, options))
}
