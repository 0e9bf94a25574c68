import type { Command } from 'commander'
import { addAuthenticationFlags } from './authentication-flags.js'
import { addAuthorizationFlags } from './authorization-flags.js'
import { withFeatureGates, withRuntimeConfig } from './feature-flags.js'
import { addOperationFlags } from './operation-flags.js'

/** The API server alone, in the foreground, with upstream's flag names. */
export function addApiServerCommand(program: Command): void {
  const command = program
    .command('apiserver')
    .summary('run the API server alone, in the foreground')
    .description('Runs the API server alone, in the foreground. Certificates that are not given are made.')
    .option('--bind-address <address>', 'address to listen on', '0.0.0.0')
    .option('--secure-port <port>', 'port to listen on; 0 picks a free one', '6443')
    .option('--advertise-address <address>', 'address under which pods reach the server')
    .option('--data-dir <folder>', 'folder for the objects and made certificates; in memory when absent')
    .option('--tls-cert-file <file>', 'certificate to serve with')
    .option('--tls-private-key-file <file>', 'its key')
    .option(
      '--service-cluster-ip-range <cidrs>',
      'addresses of services; two networks, of one family each, for both',
      '10.96.0.0/16',
    )
    .option('--service-node-port-range <first-last>', 'ports for services on nodes', '30000-32767')
    .option('--kubelet-client-certificate <file>', 'certificate to show to kubelets')
    .option('--kubelet-client-key <file>', 'its key')
    .option(
      '--kubelet-certificate-authority <file>',
      'authority of the serving certificates of kubelets; not checked when absent',
    )
    .option('--proxy-client-cert-file <file>', 'certificate to show to aggregated API servers')
    .option('--proxy-client-key-file <file>', 'its key')
    .option('--event-ttl <duration>', 'how long events are kept', '1h')
    .option('--config <file>', 'a t8s.config.ts: what the cluster has beyond what every cluster has')
  withFeatureGates(withRuntimeConfig(command))
  addOperationFlags(addAuthorizationFlags(addAuthenticationFlags(command)))
  command.action(async options => (await import('./run-api-server.js')).runApiServer(options))
}
