import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../cluster/atomic-file.js'
import { machineAddress } from '../cluster/cluster-config.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { terminationSignal } from '../cluster/daemon.js'
import { followFiles } from '../cluster/file-changes.js'
import { OperatorError } from '../cluster/operator-error.js'
import { type ClusterPki, clientTemplate, createClusterPki, identities } from '../cluster/pki.js'
import { ensureClusterPki, ensureCredential } from '../cluster/pki-files.js'
import { formatCidr } from '../machinery/ip-address.js'
import { serviceNetworks } from '../server/services/service-networks.js'
import { jsonCalls } from '../server/webhooks/json-calls.js'
import { aborted } from './aborted.js'
import type { AuthenticationFlags } from './authentication-flags.js'
import type { AuthorizationFlags } from './authorization-flags.js'
import { buildAuthentication } from './build-authentication.js'
import { buildAuthorization } from './build-authorization.js'
import { buildOperation } from './build-operation.js'
import { type FeatureFlags, featureGatesOf, runtimeConfigOf } from './feature-flags.js'
import { certificatesText, durationMs, fileText, keyPairOf, portNumber } from './flag-values.js'
import { logFault } from './log.js'
import type { OperationFlags } from './operation-flags.js'

/** The flags of `t8s apiserver`, as the command line has them. */
export interface ApiServerFlags extends AuthenticationFlags, AuthorizationFlags, OperationFlags, FeatureFlags {
  readonly bindAddress: string
  readonly securePort: string
  readonly advertiseAddress?: string
  readonly dataDir?: string
  readonly tlsCertFile?: string
  readonly tlsPrivateKeyFile?: string
  readonly serviceClusterIpRange: string
  readonly serviceNodePortRange: string
  readonly kubeletClientCertificate?: string
  readonly kubeletClientKey?: string
  readonly kubeletCertificateAuthority?: string
  readonly proxyClientCertFile?: string
  readonly proxyClientKeyFile?: string
  readonly eventTtl: string
  readonly config?: string
}

/** Runs the API server until it is asked to end. */
export async function runApiServer(flags: ApiServerFlags): Promise<void> {
  using termination = terminationSignal()
  const { bindAddress, dataDir, serviceClusterIpRange: serviceCidr } = flags
  const featureGates = await featureGatesOf(flags)
  const runtimeConfig = await runtimeConfigOf(flags)
  const serviceCidrs = networksOf(serviceCidr)
  const servedAt = [flags.advertiseAddress, bindAddress].filter(
    (address): address is string => address !== undefined && address !== '0.0.0.0' && address !== '::',
  )
  if (dataDir) await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const pkiDir = dataDir && join(dataDir, 'pki')
  const madePki = pkiDir ? undefined : await createClusterPki({ serviceCidrs, servedAt })
  /** With what is given, and what is made besides, as it is now. */
  const pkiNow = async (): Promise<ClusterPki> =>
    withGivenKeys(flags, madePki ?? (await ensureClusterPki(pkiDir ?? '', { serviceCidrs, servedAt })))
  using webhooks = jsonCalls()
  const { call } = webhooks
  const { authentication, allowAnonymous } = await buildAuthentication(flags, { call, onError: logFault })
  const authorization = await buildAuthorization(flags, { call })
  const operation = await buildOperation(flags, logFault)
  const template = clientTemplate(identities.admin)
  const pki = await pkiNow()
  await using controlPlane = await ControlPlane.start({
    controllers: false,
    scheduler: false,
    bindAddress,
    port: portNumber('--secure-port', flags.securePort),
    pki,
    ...(pkiDir ? { admin: await ensureCredential(pkiDir, 'admin', { authority: pki.ca, template }) } : {}),
    serviceCidr,
    nodePorts: portRange(flags.serviceNodePortRange),
    authentication,
    authorization,
    operation,
    featureGates,
    runtimeConfig,
    // Who is allowed everything should at least say who it is.
    allowAnonymous: authorization.includes('AlwaysAllow') ? false : allowAnonymous,
    eventTtlSeconds: durationMs('--event-ttl', flags.eventTtl) / 1000,
    ...(dataDir ? { dataDir: join(dataDir, 'store') } : {}),
    ...(flags.config ? { config: flags.config } : {}),
    // Pods reach a server that listens everywhere at the machine's own address.
    ...(flags.advertiseAddress || servedAt.length === 0
      ? { advertiseAddress: flags.advertiseAddress ?? machineAddress() }
      : {}),
    // Kubelets sign for themselves unless somebody sees to it that they do not.
    kubeletCa: flags.kubeletCertificateAuthority ? await certificatesText(flags.kubeletCertificateAuthority) : false,
    ...(flags.clientCaFile ? { clientCa: await certificatesText(flags.clientCaFile) } : {}),
    ...(await serving(flags)),
  })
  process.stdout.write(`serving at ${controlPlane.endpoint?.server}\n`)
  if (dataDir) {
    const kubeconfig = join(dataDir, 'admin.conf')
    await writeFileAtomically(kubeconfig, controlPlane.kubeconfig, { mode: 0o600 })
    process.stdout.write(`an administrator's kubeconfig: ${kubeconfig}\n`)
  }
  const changed = async () => {
    const now = await pkiNow()
    await controlPlane.credentials.change({
      serving: (await serving(flags)).serving ?? now.apiserver,
      clientCa: flags.clientCaFile ? await certificatesText(flags.clientCaFile) : now.ca.certificate,
      kubeletClient: now.apiserverKubeletClient,
      frontProxy: now.frontProxyClient,
    })
  }
  await using _following = await followFiles(credentialFiles(flags), {
    changed,
    onError: logFault,
    // Those it makes itself it renews.
    ...(pkiDir ? { atLeastEvery: halfDay } : {}),
  })
  await aborted(termination.signal)
}

async function withGivenKeys(flags: ApiServerFlags, pki: ClusterPki): Promise<ClusterPki> {
  const { serviceAccountSigningKeyFile } = flags
  const kubeletClient = await keyPairOf(
    'a client certificate for kubelets',
    ['--kubelet-client-certificate', flags.kubeletClientCertificate],
    ['--kubelet-client-key', flags.kubeletClientKey],
  )
  const proxyClient = await keyPairOf(
    'a client certificate for aggregated API servers',
    ['--proxy-client-cert-file', flags.proxyClientCertFile],
    ['--proxy-client-key-file', flags.proxyClientKeyFile],
  )
  if (proxyClient && !flags.requestheaderClientCaFile)
    throw new OperatorError(
      'aggregated API servers would not know by whom --proxy-client-cert-file was issued',
      'Give --requestheader-client-ca-file, too.',
    )
  return {
    ...pki,
    ...(serviceAccountSigningKeyFile
      ? { serviceAccount: { ...pki.serviceAccount, privateKey: await fileText(serviceAccountSigningKeyFile) } }
      : {}),
    ...(kubeletClient ? { apiserverKubeletClient: kubeletClient } : {}),
    ...(proxyClient ? { frontProxyClient: proxyClient } : {}),
  }
}

/** How often it is looked whether a certificate of its own ends soon, in ms. */
const halfDay = 12 * 3_600_000

/** Files that may be replaced while the server runs. */
const credentialFiles = (flags: ApiServerFlags): readonly string[] =>
  [
    flags.tlsCertFile,
    flags.tlsPrivateKeyFile,
    flags.clientCaFile,
    flags.kubeletClientCertificate,
    flags.kubeletClientKey,
    flags.proxyClientCertFile,
    flags.proxyClientKeyFile,
  ].flatMap(file => file ?? [])

async function serving(flags: ApiServerFlags) {
  const credential = await keyPairOf(
    'a serving certificate',
    ['--tls-cert-file', flags.tlsCertFile],
    ['--tls-private-key-file', flags.tlsPrivateKeyFile],
  )
  return credential ? { serving: credential } : {}
}

/** The networks of services. Throws an `OperatorError` that names the flag. */
function networksOf(value: string): readonly string[] {
  try {
    return serviceNetworks(value).map(formatCidr)
  } catch (error) {
    throw new OperatorError(
      `--service-cluster-ip-range: ${(error as Error).message}`,
      'Give one network, or one of each family with a comma between.',
    )
  }
}

function portRange(value: string): { readonly first: number; readonly last: number } {
  const [first = '', last = first] = value.split('-')
  const range = {
    first: portNumber('--service-node-port-range', first),
    last: portNumber('--service-node-port-range', last),
  }
  if (range.first > range.last || range.first === 0)
    throw new OperatorError(
      `--service-node-port-range is ${value}`,
      'Give the first and the last port, as in 30000-32767.',
    )
  return range
}
