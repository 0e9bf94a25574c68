import type { Command } from 'commander'
import { withAutoscaling } from './autoscaler-flags.js'
import { withFeatureGates } from './feature-flags.js'

/** Flags that say how to reach the API server. */
export const withKubeconfig = (command: Command): Command =>
  command
    .option('--kubeconfig <file>', 'how to reach the API server (as kubectl finds it when absent)')
    .option('--master <url>', 'address of the API server, instead of the one in the kubeconfig')

const withLeaderElection = (command: Command, lease: string): Command =>
  command
    .option('--leader-elect <boolean>', 'work only while holding the lease (true)')
    .option('--leader-elect-lease-duration <duration>', 'others wait so long after the last renewal (15s)')
    .option('--leader-elect-renew-deadline <duration>', 'a leader that cannot renew for so long ends its work (10s)')
    .option('--leader-elect-retry-period <duration>', 'between two tries (2s)')
    .option('--leader-elect-resource-name <name>', `name of the lease (${lease})`)
    .option('--leader-elect-resource-namespace <namespace>', 'namespace of the lease (kube-system)')

const withServing = (command: Command, port: number): Command =>
  command
    .option('--bind-address <ip>', 'address to serve health and metrics on', '0.0.0.0')
    .option('--secure-port <port>', 'port to serve them on; 0 serves nothing', String(port))
    .option('--tls-cert-file <file>', 'certificate to serve with (self-signed when absent)')
    .option('--tls-private-key-file <file>', 'its key')
    .option('--client-ca-file <file>', 'authority of the clients that may ask (those of the cluster when absent)')
    .option('--authentication-kubeconfig <file>', 'where to ask who somebody is (--kubeconfig when absent)')
    .option('--authorization-kubeconfig <file>', 'where to ask what somebody may do (--kubeconfig when absent)')
    .option('--authorization-always-allow-paths <paths>', 'what everybody may read', '/healthz,/readyz,/livez')

/** Each part of a cluster alone, in the foreground, with upstream's flag names. */
export function addComponentCommands(program: Command): void {
  const controllerManager = withFeatureGates(withKubeconfig(program.command('controller-manager')))
  withServing(withAutoscaling(withLeaderElection(controllerManager, 'kube-controller-manager')), 10257)
    .summary('run the controllers alone, in the foreground')
    .option('--root-ca-file <file>', 'authority that pods are to trust (the kubeconfig’s when absent)')
    .option('--cluster-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
    .option('--allocate-node-cidrs <boolean>', 'give each node its part of --cluster-cidr', 'true')
    .option('--service-account-private-key-file <file>', 'key that signs the tokens of secrets for service accounts')
    .option('--cluster-signing-cert-file <file>', 'authority that signs the certificates that are asked for')
    .option('--cluster-signing-key-file <file>', 'its key; nothing is signed without')
    .option('--use-service-account-credentials <boolean>', 'each controller acts as its own service account', 'true')
    .action(async options => (await import('./run-control-components.js')).runControllerManager(options))
  const scheduler = withFeatureGates(withKubeconfig(program.command('scheduler')))
  withServing(withLeaderElection(scheduler, 'kube-scheduler'), 10259)
    .summary('run the scheduler alone, in the foreground')
    .option('--config <file>', 'a KubeSchedulerConfiguration: profiles, plugins and their arguments, extenders')
    .action(async options => (await import('./run-control-components.js')).runScheduler(options))
  withFeatureGates(withKubeconfig(program.command('kubelet')))
    .summary('run the node agent alone, in the foreground')
    .option('--hostname-override <name>', 'name of the node (the host name)')
    .option('--node-ip <ip>', 'address of the node')
    .option('--root-dir <folder>', 'folder for volumes and state', '/var/lib/kubelet')
    .option('--pod-log-dir <folder>', 'folder for the logs of containers', '/var/log/pods')
    .option('--container-runtime-endpoint <socket>', 'CRI socket; a containerd of its own is started when absent')
    .option('--cgroup-root <path>', 'cgroup below which pods are put', '/')
    .option('--cluster-dns <ip>', 'address of the DNS service')
    .option('--cluster-domain <domain>', 'domain of the cluster', 'cluster.local')
    .option('--pod-cidr <cidr>', 'addresses of the pods of this node, when it starts its own containerd')
    .option('--address <ip>', 'address to serve on', '0.0.0.0')
    .option('--port <port>', 'port to serve on', '10250')
    .option('--max-pods <n>', 'how many pods the node takes', '110')
    .option('--tls-cert-file <file>', 'certificate to serve with (self-signed when absent)')
    .option('--tls-private-key-file <file>', 'its key')
    .option('--cert-dir <folder>', 'folder for certificates that it makes or asks for (ROOT-DIR/pki)')
    .option('--bootstrap-kubeconfig <file>', 'how a new node asks for its certificate; --kubeconfig is made then')
    .option('--rotate-certificates <boolean>', 'ask for a new client certificate before the old one ends', 'false')
    .option('--rotate-server-certificates <boolean>', 'ask for the certificate to serve with', 'false')
    .option('--client-ca-file <file>', 'authority of the clients that may ask (the kubeconfig’s when absent)')
    .option('--pod-manifest-path <folder>', 'folder with pods to run without an API server')
    .action(async options => (await import('./run-node-components.js')).runKubelet(options))
  withFeatureGates(withKubeconfig(program.command('proxy')))
    .summary('run the service proxy alone, in the foreground')
    .option('--hostname-override <name>', 'name of the node (the host name)')
    .option('--cluster-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
    .option('--cleanup', 'remove the rules and end')
    .action(async options => (await import('./run-node-components.js')).runProxy(options))
  withKubeconfig(program.command('dns'))
    .summary('run the cluster DNS server alone, in the foreground')
    .option('--bind-address <ip>', 'address to serve on', '0.0.0.0')
    .option('--port <port>', 'port to serve on', '53')
    .option('--cluster-domain <domain>', 'domain of the cluster', 'cluster.local')
    .option('--resolv-conf <file>', 'servers for all other names', '/etc/resolv.conf')
    .action(async options => (await import('./run-node-components.js')).runDns(options))
}
