import { accountClients } from '../cluster/account-clients.js'
import { startControllers, startDefaultScheduler } from '../cluster/components.js'
import { controllerChecks } from '../cluster/controller-checks.js'
import { terminationSignal } from '../cluster/daemon.js'
import { featureGates } from '../cluster/feature-gates.js'
import { OperatorError } from '../cluster/operator-error.js'
import { type FollowedAuthority, followAuthority } from '../cluster/signing-authority.js'
import { addProcessMetrics, MetricsRegistry } from '../machinery/metrics/index.js'
import {
  buildProfiles,
  defaultConfiguration,
  type KubeSchedulerConfiguration,
  readSchedulerConfiguration,
  SchedulerConfigError,
} from '../scheduler/index.js'
import { secretTokenSigner } from '../server/authentication/service-account-tokens.js'
import type { HealthCheck } from '../server/health.js'
import { type AutoscalerFlags, autoscalerOptions } from './autoscaler-flags.js'
import { connect, type KubeconfigFlags } from './connect.js'
import { type FeatureFlags, featureGatesOf } from './feature-flags.js'
import { fileText, isTrue } from './flag-values.js'
import { type Election, electionOf, type LeaderFlags, Leadership } from './leadership.js'
import { logFault } from './log.js'
import { type ServingFlags, startServing } from './start-serving.js'

type ComponentFlags = KubeconfigFlags & LeaderFlags & ServingFlags & Pick<FeatureFlags, 'featureGates'>

/** `t8s controller-manager` */
export async function runControllerManager(
  flags: ComponentFlags &
    AutoscalerFlags & {
      readonly rootCaFile?: string
      readonly clusterCidr: string
      readonly allocateNodeCidrs: string
      readonly useServiceAccountCredentials: string
      readonly serviceAccountPrivateKeyFile?: string
      readonly clusterSigningCertFile?: string
      readonly clusterSigningKeyFile?: string
    },
): Promise<void> {
  using termination = terminationSignal()
  const autoscaling = autoscalerOptions(flags)
  const { StorageVersionMigrator: storageVersionMigrator } = featureGates(await featureGatesOf(flags))
  const election = electionOf(flags, 'kube-controller-manager')
  const ownAccounts = isTrue('--use-service-account-credentials', flags.useServiceAccountCredentials)
  const allocatesCidrs = isTrue('--allocate-node-cidrs', flags.allocateNodeCidrs)
  const userAgent = 'kube-controller-manager/v1.36.2'
  const metrics = processMetrics()
  const { client, connection, transport } = await connect(flags, userAgent, metrics)
  await using _transport = transport
  const rootCa = flags.rootCaFile ? await fileText(flags.rootCaFile) : connection.ca
  if (!rootCa)
    throw new OperatorError('there is no authority for pods to trust', 'Name its certificate with --root-ca-file.')
  const keyFile = flags.serviceAccountPrivateKeyFile
  const signingKey = keyFile && (await fileText(keyFile))
  await using authority = await signingAuthority(flags.clusterSigningCertFile, flags.clusterSigningKeyFile)
  await using accounts = accountClients({ client, endpoint: connection, userAgent })
  const work = (metrics: MetricsRegistry) =>
    startControllers({
      client,
      metrics,
      ...(ownAccounts ? { clientOf: name => accounts.clientOf(name) } : {}),
      onError: logFault,
      controllers: {
        rootCa,
        autoscaling,
        storageVersionMigrator,
        ...(authority ? { signing: { authority } } : {}),
        ...(signingKey ? { signSecretToken: secretTokenSigner(signingKey) } : {}),
        ...(allocatesCidrs ? { clusterCidr: flags.clusterCidr } : {}),
      },
    })
  const eventSource = 'kube-controller-manager'
  const leadership = new Leadership(election, { client, eventSource, metrics, work })
  const { rootCaFile = '', clusterCidr } = flags
  await using _serving = await startServing(flags, {
    ...{ component: 'kube-controller-manager', client, userAgent, metrics: leadership.metrics },
    checks: () => [
      ...leadership.checks,
      ...controllerChecks(leadership.work?.names ?? []),
      shutdownCheck(termination.signal),
    ],
    configz: {
      'kubecontrollermanager.config.k8s.io': {
        leaderElection: shown(election),
        rootCAFile: rootCaFile,
        clusterCIDR: clusterCidr,
      },
    },
  })
  await leadership.until(termination.signal)
}

/** What signs certificates, followed while its files change; undefined if nothing is to sign. */
async function signingAuthority(
  certificateFile: string | undefined,
  keyFile: string | undefined,
): Promise<FollowedAuthority | undefined> {
  if (!certificateFile && !keyFile) return undefined
  if (!certificateFile || !keyFile)
    throw new OperatorError(
      'certificates cannot be signed with half of an authority',
      'Give both --cluster-signing-cert-file and --cluster-signing-key-file.',
    )
  return followAuthority({ certificateFile, keyFile, onError: logFault })
}

/** `t8s scheduler` */
export async function runScheduler(flags: ComponentFlags & { readonly config?: string }): Promise<void> {
  using termination = terminationSignal()
  // They are switched for all components alike; none of them is the scheduler's.
  await featureGatesOf(flags)
  const configuration = flags.config === undefined ? defaultConfiguration() : await schedulerConfiguration(flags.config)
  const { leaderElection, clientConnection } = configuration
  const election = electionOf(flags, 'kube-scheduler', leaderElection)
  const kubeconfig = flags.kubeconfig ?? clientConnection.kubeconfig
  const userAgent = 'kube-scheduler/v1.36.2'
  const metrics = processMetrics()
  const { client, transport } = await connect({ ...flags, ...(kubeconfig ? { kubeconfig } : {}) }, userAgent, metrics)
  await using _transport = transport
  const work = (metrics: MetricsRegistry) =>
    startDefaultScheduler({ client, metrics, onError: logFault, configuration })
  const eventSource = configuration.profiles?.[0]?.schedulerName ?? 'default-scheduler'
  const leadership = new Leadership(election, { client, eventSource, metrics, work })
  const handlersSynced: HealthCheck = {
    name: 'sched-handler-sync',
    readyOnly: true,
    check() {
      if (!leadership.settled) throw new Error('handlers are not fully synchronized')
    },
  }
  await using _serving = await startServing(flags, {
    ...{ component: 'kube-scheduler', client, userAgent, metrics: leadership.metrics },
    moreMetrics: { '/metrics/resources': () => leadership.work?.resourceMetrics() ?? '' },
    checks: () => [...leadership.checks, shutdownCheck(termination.signal), handlersSynced],
    configz: { componentconfig: { ...configuration, leaderElection: shown(election) } },
  })
  await leadership.until(termination.signal)
}

async function schedulerConfiguration(file: string): Promise<KubeSchedulerConfiguration> {
  try {
    const configuration = readSchedulerConfiguration(await fileText(file))
    // Plugins that nobody knows are better told of now.
    buildProfiles(configuration)
    return configuration
  } catch (error) {
    if (!(error instanceof SchedulerConfigError)) throw error
    throw new OperatorError(
      `the scheduler cannot be configured by ${file}: ${error.message}`,
      'See https://kubernetes.io/docs/reference/scheduling/config/.',
    )
  }
}

function processMetrics(): MetricsRegistry {
  const metrics = new MetricsRegistry()
  addProcessMetrics(metrics)
  return metrics
}

const shutdownCheck = (signal: AbortSignal): HealthCheck => ({
  name: 'shutdown',
  readyOnly: true,
  check() {
    if (signal.aborted) throw new Error('process is shutting down')
  },
})

/** An election as configuration files have it. */
const shown = ({ elect, lease, leaseDuration, renewDeadline, retryPeriod }: Election) => ({
  leaderElect: elect,
  leaseDuration: seconds(leaseDuration),
  renewDeadline: seconds(renewDeadline),
  retryPeriod: seconds(retryPeriod),
  resourceLock: 'leases',
  resourceName: lease.name,
  resourceNamespace: lease.namespace,
})

const seconds = (ms: number): string => `${ms / 1000}s`
