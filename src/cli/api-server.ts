import type { Command } from 'commander'

/** The API server alone, in the foreground, with upstream's flag names. */
export function addApiServerCommand(program: Command): void {
  program
    .command('apiserver')
    .summary('run the API server alone, in the foreground')
    .description('Runs the API server alone, in the foreground. Certificates that are not given are made.')
    .option('--bind-address <address>', 'address to listen on', '0.0.0.0')
    .option('--secure-port <port>', 'port to listen on; 0 picks a free one', '6443')
    .option('--advertise-address <address>', 'address under which pods reach the server')
    .option('--data-dir <folder>', 'folder for the objects and made certificates; in memory when absent')
    .option('--client-ca-file <file>', 'authorities whose client certificates are believed')
    .option('--tls-cert-file <file>', 'certificate to serve with')
    .option('--tls-private-key-file <file>', 'its key')
    .option('--token-auth-file <file>', 'static tokens, a line each: token,user,uid,"group1,group2"')
    .option('--anonymous-auth <boolean>', 'let requests without credentials in as system:anonymous', 'true')
    .option(
      '--authorization-mode <modes>',
      'who decides what a user may do, in this order: Node, RBAC, AlwaysAllow, AlwaysDeny',
      'Node,RBAC',
    )
    .option('--service-cluster-ip-range <cidr>', 'addresses of services', '10.96.0.0/16')
    .option('--service-node-port-range <first-last>', 'ports for services on nodes', '30000-32767')
    .option('--service-account-issuer <url>', 'issuer of service account tokens', 'https://kubernetes.default.svc')
    .option('--service-account-signing-key-file <file>', 'private key that signs service account tokens')
    .option('--kubelet-client-certificate <file>', 'certificate to show to kubelets')
    .option('--kubelet-client-key <file>', 'its key')
    .option('--kubelet-certificate-authority <file>', 'authority of the serving certificates of kubelets')
    .option('--event-ttl <duration>', 'how long events are kept', '1h')
    .action(async options => (await import('./run-api-server.js')).runApiServer(options))
}
