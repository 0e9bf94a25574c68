import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { CertificateStore } from '../kubelet/certificates/index.js'
import { type Clock, systemClock } from '../machinery/clock.js'
import { certificateSays } from '../machinery/x509/index.js'
import type { ClusterConfig } from './cluster-config.js'
import type { LocalNode } from './local-nodes.js'
import { type ClusterPaths, nodePaths } from './paths.js'
import {
  type ClusterPki,
  type Credential,
  clientTemplate,
  identities,
  issueLeaf,
  type LeafTemplate,
  type PkiOptions,
  servingTemplate,
} from './pki.js'
import { ensureClusterPki, ensureCredential, RENEW_BEFORE } from './pki-files.js'

/** The credentials of a cluster on this machine. */
export interface ClusterCredentials {
  readonly pki: ClusterPki
  /** An administrator's. */
  readonly admin: Credential
  /** The service proxies' and the DNS servers'. */
  readonly kubeProxy: Credential
}

/** What the PKI of a cluster is to be for. */
export const pkiOptions = (config: ClusterConfig): PkiOptions => ({
  serviceCidrs: [config.serviceCidr],
  clusterDomain: config.clusterDomain,
  servedAt: [config.address],
})

/** Client certificates besides those of the PKI, by the names of their files. */
export const clientTemplates = {
  admin: clientTemplate(identities.admin),
  'kube-proxy': clientTemplate(identities.proxy),
} as const

/** The certificates of a cluster on this machine, made as far as they are missing or end within 30 days. */
export async function ensureClusterCredentials(
  paths: ClusterPaths,
  config: ClusterConfig,
  clock: Clock = systemClock,
): Promise<ClusterCredentials> {
  const pki = await ensureClusterPki(paths.pki, { ...pkiOptions(config), clock })
  const client = (name: keyof typeof clientTemplates) =>
    ensureCredential(paths.pki, name, { authority: pki.ca, template: clientTemplates[name], clock })
  return { pki, admin: await client('admin'), kubeProxy: await client('kube-proxy') }
}

/** How an administrator reaches the API server from this machine. */
export const adminEndpoint = (config: ClusterConfig, ca: Credential, admin: Credential) => ({
  server: `https://127.0.0.1:${config.apiPort}`,
  ca: ca.certificate,
  clientCert: admin.certificate,
  clientKey: admin.key,
})

/** Where a node keeps a certificate that its kubelet renews by itself, and what it says at first. */
export interface NodeCertificate {
  readonly store: CertificateStore
  readonly template: LeafTemplate
}

/** The certificates of a node of this machine. */
export function nodeCertificates(
  paths: ClusterPaths,
  { name, address }: LocalNode,
): { readonly client: NodeCertificate; readonly serving: NodeCertificate } {
  const folder = join(nodePaths(paths, name).kubelet, 'pki')
  const identity = identities.node(name)
  return {
    client: { store: new CertificateStore(folder, 'kubelet-client'), template: clientTemplate(identity) },
    serving: {
      store: new CertificateStore(folder, 'kubelet-server'),
      template: servingTemplate(identity, [name, address]),
    },
  }
}

/** The certificate of a node, issued if it is missing, ends within 30 days, or is not what it is to be. */
export async function ensureNodeCertificate(
  { store, template }: NodeCertificate,
  authority: Credential,
  clock: Clock = systemClock,
): Promise<Credential> {
  const current = await store.read()
  if (current) {
    const certificate = new X509Certificate(current.certificate)
    const fits =
      certificate.verify(new X509Certificate(authority.certificate).publicKey) &&
      Date.parse(certificate.validTo) > clock.now() + RENEW_BEFORE &&
      certificateSays(certificate, withPurposes(template))
    if (fits) return current
  }
  const issued = await issueLeaf(authority, template, clock)
  await store.write(issued, clock)
  return issued
}

/** What a certificate must be for: a kubelet asks for fewer uses of its key than we would give it. */
export const withPurposes = (template: LeafTemplate): LeafTemplate => ({
  ...template,
  usages: template.usages.filter(usage => usage.endsWith(' auth')),
})
