import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { hostname } from 'node:os'
import { type Clock, systemClock } from '../machinery/clock.js'
import { formatIp, parseCidr } from '../machinery/ip-address.js'
import {
  type AlternativeNames,
  canonicalAddress,
  createCertificate,
  createKey,
  keyToPem,
  type LeafTemplate,
  type Name,
  publicKeyToPem,
  type Usage,
} from '../machinery/x509/index.js'

export type { LeafTemplate } from '../machinery/x509/index.js'

/** A certificate and its private key, both PEM. */
export interface Credential {
  readonly certificate: string
  readonly key: string
}

/** A serving credential that its own authority, made for it alone, vouches for. */
export interface SelfSignedCredential extends Credential {
  /** The authority's certificate, which clients must be given. */
  readonly ca: string
}

/** Everything secret and public that a control plane is made of. All PEM. */
export interface ClusterPki {
  readonly ca: Credential
  /** Vouches for `frontProxyClient` alone, so that no other client can speak for users. */
  readonly frontProxyCa: Credential
  /** What the API server serves with. */
  readonly apiserver: Credential
  /** What the API server shows to kubelets. */
  readonly apiserverKubeletClient: Credential
  /** What the API server shows to aggregated API servers. */
  readonly frontProxyClient: Credential
  /** Signs and verifies service account tokens (ES256). */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string }
}

export interface PkiOptions {
  /** The address of the `kubernetes` service is the first of each. */
  readonly serviceCidrs?: readonly string[]
  readonly clusterDomain?: string
  /** Further host names and IP addresses under which clients reach the API server; this machine's name is always in. */
  readonly servedAt?: readonly string[]
  readonly clock?: Clock
}

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** kubeadm's periods. */
const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 365
/** Clocks of nodes differ; a certificate shall not be refused for being made a moment from now. */
const BACKDATE = 5 * MINUTE

/** The users and groups that Kubernetes' bootstrap roles are bound to. */
export const identities = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  controllerManager: { commonName: 'system:kube-controller-manager' },
  scheduler: { commonName: 'system:kube-scheduler' },
  proxy: { commonName: 'system:kube-proxy' },
  frontProxy: { commonName: 'front-proxy-client' },
  node: (name: string): Name => ({ commonName: `system:node:${name}`, organizations: ['system:nodes'] }),
} as const

const CLIENT: readonly Usage[] = ['digital signature', 'key encipherment', 'client auth']
const SERVER: readonly Usage[] = ['digital signature', 'key encipherment', 'server auth']

/** Sorts host names and IP addresses, dropping repetitions. */
const namesOf = (hosts: readonly string[]): AlternativeNames => {
  const unique = [...new Set(hosts)]
  const isAddress = (host: string) => host.includes(':') || isIPv4(host)
  return {
    dns: unique.filter(host => !isAddress(host)),
    addresses: [...new Set(unique.filter(isAddress).map(canonicalAddress))],
  }
}

/** The first address of a block that a host may have. Throws on what is no CIDR. */
const firstAddress = (text: string): string => {
  const block = parseCidr(text)
  if (!block || block.prefix === (block.family === 4 ? 32 : 128))
    throw new Error(`${JSON.stringify(text)} is no block of addresses`)
  return formatIp({ family: block.family, value: block.network + 1n })
}

/** The leaves of a cluster's PKI: what each says, and which authority signs it. */
export const clusterLeaves = (options: PkiOptions) => {
  const { serviceCidrs = ['10.96.0.0/12'], clusterDomain = 'cluster.local', servedAt = [] } = options
  const hosts = [
    ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${clusterDomain}`],
    ...['localhost', hostname().toLowerCase(), '127.0.0.1', '::1'],
    ...serviceCidrs.map(firstAddress),
    ...servedAt,
  ]
  return {
    apiserver: {
      authority: 'ca',
      template: { subject: { commonName: 'kube-apiserver' }, usages: SERVER, names: namesOf(hosts) },
    },
    apiserverKubeletClient: {
      authority: 'ca',
      template: {
        subject: { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] },
        usages: CLIENT,
        names: {},
      },
    },
    frontProxyClient: {
      authority: 'frontProxyCa',
      template: { subject: identities.frontProxy, usages: CLIENT, names: {} },
    },
  } as const satisfies { [name: string]: { authority: 'ca' | 'frontProxyCa'; template: LeafTemplate } }
}

/** A root certificate for `key`, or for a new key. Valid for ten years. */
export const createAuthority = async (
  commonName: string,
  clock: Clock,
  key: KeyObject = createKey(),
): Promise<Credential> => {
  const now = clock.now()
  const certificate = await createCertificate(
    {
      subject: { commonName },
      publicKey: createPublicKey(key),
      notBefore: now - BACKDATE,
      notAfter: now + AUTHORITY_DAYS * DAY,
      usages: ['digital signature', 'key encipherment', 'cert sign'],
      authority: true,
    },
    { key },
  )
  return { certificate, key: keyToPem(key) }
}

/** A certificate for a new key, or for one given, valid for a year, but never longer than the authority is. */
export const issueLeaf = async (
  authority: Credential,
  template: LeafTemplate,
  clock: Clock,
  key: KeyObject = createKey(),
): Promise<Credential> => {
  const now = clock.now()
  const issuer = new X509Certificate(authority.certificate)
  const certificate = await createCertificate(
    {
      ...template,
      publicKey: createPublicKey(key),
      notBefore: now - BACKDATE,
      notAfter: Math.min(now + LEAF_DAYS * DAY, Date.parse(issuer.validTo)),
    },
    { key: createPrivateKey(authority.key), certificate: issuer },
  )
  return { certificate, key: keyToPem(key) }
}

/** What a client certificate says: the common name is the Kubernetes user, the organizations are its groups. */
export const clientTemplate = (subject: Name): LeafTemplate => ({ subject, usages: CLIENT, names: {} })

/** What a serving certificate for host names and IP addresses says, such as a kubelet's. */
export const servingTemplate = (subject: Name, hosts: readonly string[]): LeafTemplate => ({
  subject,
  usages: SERVER,
  names: namesOf(hosts),
})

/** A client certificate for a new key. */
export const issueClientCertificate = (
  ca: Credential,
  subject: Name,
  clock: Clock = systemClock,
): Promise<Credential> => issueLeaf(ca, clientTemplate(subject), clock)

/** A serving certificate for a new key. */
export const issueServingCertificate = (
  ca: Credential,
  { subject, hosts }: { readonly subject: Name; readonly hosts: readonly string[] },
  clock: Clock = systemClock,
): Promise<Credential> => issueLeaf(ca, servingTemplate(subject, hosts), clock)

/** A serving certificate with an authority of its own, for a server that was given none. The key of that is forgotten. */
export const selfSignedServing = async (
  hosts: readonly string[],
  clock: Clock = systemClock,
): Promise<SelfSignedCredential> => {
  const commonName = hosts[0] ?? 'localhost'
  const ca = await createAuthority(`${commonName}-ca@${Math.floor(clock.now() / 1000)}`, clock)
  const leaf = await issueServingCertificate(
    ca,
    { subject: { commonName }, hosts: hosts.length > 0 ? hosts : ['localhost'] },
    clock,
  )
  return { certificate: leaf.certificate + ca.certificate, key: leaf.key, ca: ca.certificate }
}

/** The key pair for service account tokens, new or around a given key. */
export const createServiceAccountKey = (key: KeyObject = createKey()): ClusterPki['serviceAccount'] => ({
  privateKey: keyToPem(key),
  publicKey: publicKeyToPem(key),
})

/** A whole new PKI, in memory alone. */
export const createClusterPki = async (options: PkiOptions = {}): Promise<ClusterPki> => {
  const { clock = systemClock } = options
  const leaves = clusterLeaves(options)
  const [ca, frontProxyCa] = await Promise.all([
    createAuthority('kubernetes', clock),
    createAuthority('front-proxy-ca', clock),
  ])
  const authorities = { ca, frontProxyCa }
  const issue = (leaf: keyof typeof leaves) =>
    issueLeaf(authorities[leaves[leaf].authority], leaves[leaf].template, clock)
  const [apiserver, apiserverKubeletClient, frontProxyClient] = await Promise.all([
    issue('apiserver'),
    issue('apiserverKubeletClient'),
    issue('frontProxyClient'),
  ])
  return {
    ...authorities,
    apiserver,
    apiserverKubeletClient,
    frontProxyClient,
    serviceAccount: createServiceAccountKey(),
  }
}
