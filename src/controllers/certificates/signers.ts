import type { CertificateRequest } from '../../machinery/x509/index.js'

/** The signers that a cluster has: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers */
export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacy: 'kubernetes.io/legacy-unknown',
} as const

const nodesGroup = 'system:nodes'
const nodePrefix = 'system:node:'

/** What a request is about, as signers look at it. */
export type Requested = Pick<CertificateRequest, 'subject' | 'names'>

/** Why a signer does not sign a request; undefined if it does. */
export function objection(
  signer: string,
  { subject, names }: Requested,
  usages: readonly string[],
): string | undefined {
  const { dns, addresses, emails, uris } = names
  switch (signer) {
    case signers.client:
      return usageObjection(usages, ['client auth'], ['client auth', ...keyUsages])
    case signers.kubeletClient:
      if (!isNode(subject)) return nodeText(subject)
      if (dns.length > 0) return 'DNS subjectAltNames are not allowed'
      if (emails.length > 0) return 'email subjectAltNames are not allowed'
      if (addresses.length > 0) return 'IP subjectAltNames are not allowed'
      if (uris.length > 0) return 'URI subjectAltNames are not allowed'
      return usageObjection(usages, ['client auth', 'digital signature'], ['client auth', ...keyUsages])
    case signers.kubeletServing:
      if (!isNode(subject)) return nodeText(subject)
      if (dns.length + addresses.length === 0) return 'at least one DNS or IP subjectAltName is required'
      if (emails.length > 0) return 'email subjectAltNames are not allowed'
      if (uris.length > 0) return 'URI subjectAltNames are not allowed'
      return usageObjection(usages, ['server auth', 'digital signature'], ['server auth', ...keyUsages])
    case signers.legacy:
      return undefined
    default:
      return `unrecognized signerName: ${JSON.stringify(signer)}`
  }
}

const keyUsages = ['digital signature', 'key encipherment']

function usageObjection(
  usages: readonly string[],
  needed: readonly string[],
  allowed: readonly string[],
): string | undefined {
  const fits = needed.every(usage => usages.includes(usage)) && usages.every(usage => allowed.includes(usage))
  return fits ? undefined : `invalid usages: ${usages.join(', ')}`
}

const isNode = ({ commonName, organizations }: Requested['subject']): boolean =>
  organizations.length === 1 && organizations[0] === nodesGroup && commonName.startsWith(nodePrefix)

const nodeText = ({ organizations }: Requested['subject']): string =>
  organizations.length === 1 && organizations[0] === nodesGroup
    ? `subject common name does not begin with ${JSON.stringify(nodePrefix)}`
    : `subject organization is not ${JSON.stringify(nodesGroup)}`

/** Whether a request is one by which a node gets or renews its own client certificate. */
export const isNodeClient = (signer: string, requested: Requested, usages: readonly string[]): boolean =>
  signer === signers.kubeletClient && objection(signer, requested, usages) === undefined
