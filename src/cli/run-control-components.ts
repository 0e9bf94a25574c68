import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import {
  apiClient,
  type Client,
  electLeader,
  httpsTransport,
  type LeaderWork,
  type RenewableTransport,
} from '../client/index.js'
import { accountClients } from '../cluster/account-clients.js'
import { startControllers, startDefaultScheduler } from '../cluster/components.js'
import { type Connection, loadKubeconfig } from '../cluster/connection.js'
import { terminationSignal } from '../cluster/daemon.js'
import { followFiles } from '../cluster/file-changes.js'
import { OperatorError } from '../cluster/operator-error.js'
import {
  buildProfiles,
  type KubeSchedulerConfiguration,
  readSchedulerConfiguration,
  SchedulerConfigError,
} from '../scheduler/index.js'
import { secretTokenSigner } from '../server/authentication/service-account-tokens.js'
import { type AutoscalerFlags, autoscalerOptions } from './autoscaler-flags.js'
import { fileText } from './flag-values.js'
import { logFault } from './log.js'
import { aborted } from './run-api-server.js'

export interface KubeconfigFlags {
  readonly kubeconfig?: string
  readonly master?: string
}

interface LeaderFlags extends KubeconfigFlags {
  readonly leaderElect: string
  readonly leaderElectResourceName: string
  readonly leaderElectResourceNamespace: string
}

/** A client for the cluster that the flags, or kubectl's own settings, name; it follows the files that say how. */
export async function connect(
  { kubeconfig, master }: KubeconfigFlags,
  userAgent: string,
): Promise<{ readonly client: Client; readonly connection: Connection; readonly transport: RenewableTransport }> {
  const loaded = await loadKubeconfig(kubeconfig)
  const connection = master ? { ...loaded, server: master } : loaded
  const transport = httpsTransport(connection)
  const changed = async () => {
    const { ca, clientCert, clientKey, token } = await loadKubeconfig(kubeconfig)
    transport.renew({ ca, clientCert, clientKey, token })
  }
  const following = await followFiles(connection.files ?? [], { changed, onError: logFault })
  return {
    connection,
    client: apiClient(transport.handle, { headers: { 'user-agent': userAgent } }),
    transport: {
      ...transport,
      async [Symbol.asyncDispose]() {
        await following[Symbol.asyncDispose]()
        await transport[Symbol.asyncDispose]()
      },
    },
  }
}

/** `t8s controller-manager` */
export async function runControllerManager(
  flags: LeaderFlags &
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
  const userAgent = 'kube-controller-manager/v1.36.2'
  const { client, connection, transport } = await connect(flags, userAgent)
  await using _transport = transport
  const rootCa = flags.rootCaFile ? await fileText(flags.rootCaFile) : connection.ca
  if (!rootCa)
    throw new OperatorError('there is no authority for pods to trust', 'Name its certificate with --root-ca-file.')
  const keyFile = flags.serviceAccountPrivateKeyFile
  const signingKey = keyFile && (await fileText(keyFile))
  const authority = await signingAuthority(flags.clusterSigningCertFile, flags.clusterSigningKeyFile)
  await using accounts = accountClients({ client, endpoint: connection, userAgent })
  await asLeader(flags, client, termination.signal, () =>
    startControllers({
      client,
      ...(flags.useServiceAccountCredentials === 'false' ? {} : { clientOf: name => accounts.clientOf(name) }),
      onError: logFault,
      controllers: {
        rootCa,
        autoscaling,
        ...(authority ? { signing: { authority } } : {}),
        ...(signingKey ? { signSecretToken: secretTokenSigner(signingKey) } : {}),
        ...(flags.allocateNodeCidrs === 'false' ? {} : { clusterCidr: flags.clusterCidr }),
      },
    }),
  )
}

async function signingAuthority(certificateFile: string | undefined, keyFile: string | undefined) {
  if (!certificateFile && !keyFile) return undefined
  if (!certificateFile || !keyFile)
    throw new OperatorError(
      'certificates cannot be signed with half of an authority',
      'Give both --cluster-signing-cert-file and --cluster-signing-key-file.',
    )
  return { certificate: await fileText(certificateFile), key: await fileText(keyFile) }
}

/** `t8s scheduler` */
export async function runScheduler(flags: LeaderFlags & { readonly config?: string }): Promise<void> {
  using termination = terminationSignal()
  const configuration = flags.config === undefined ? undefined : await schedulerConfiguration(flags.config)
  const { leaderElection, clientConnection } = configuration ?? {}
  const kubeconfig = flags.kubeconfig ?? clientConnection?.kubeconfig
  const { client, transport } = await connect(
    { ...flags, ...(kubeconfig ? { kubeconfig } : {}) },
    'kube-scheduler/v1.36.2',
  )
  await using _transport = transport
  // What the file says of the election counts, as with upstream.
  const { leaderElect, resourceName, resourceNamespace } = leaderElection ?? {}
  const elected = {
    ...flags,
    ...(leaderElect === undefined ? {} : { leaderElect: String(leaderElect) }),
    ...(resourceName ? { leaderElectResourceName: resourceName } : {}),
    ...(resourceNamespace ? { leaderElectResourceNamespace: resourceNamespace } : {}),
  }
  await asLeader(elected, client, termination.signal, () =>
    startDefaultScheduler({ client, onError: logFault, ...(configuration ? { configuration } : {}) }),
  )
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

/** Works until the signal aborts: while holding the lease, or all the time if there is no election. */
async function asLeader(flags: LeaderFlags, client: Client, signal: AbortSignal, work: LeaderWork): Promise<void> {
  if (flags.leaderElect === 'false') {
    await using _running = await work()
    await aborted(signal)
    return
  }
  await using _election = electLeader(
    {
      client,
      lease: { namespace: flags.leaderElectResourceNamespace, name: flags.leaderElectResourceName },
      identity: `${hostname()}_${randomUUID()}`,
      onError: logFault,
    },
    work,
  )
  await aborted(signal)
}
