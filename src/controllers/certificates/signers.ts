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
      return clientUsageObjection(usages)
    case signers.kubeletClient:
      if (!isOfNodes(subject)) return otherGroup
      if (dns.length > 0) return 'DNS subjectAltNames are not allowed'
      if (emails.length > 0) return 'Email subjectAltNames are not allowed'
      if (addresses.length > 0) return 'IP subjectAltNames are not allowed'
      if (uris.length > 0) return 'URI subjectAltNames are not allowed'
      if (!subject.commonName.startsWith(nodePrefix)) return otherName
      return usageObjection(usages, 'client auth')
    case signers.kubeletServing:
      if (!isOfNodes(subject)) return otherGroup
      if (dns.length + addresses.length === 0) return 'DNS or IP subjectAltName is required'
      if (emails.length > 0) return 'Email subjectAltNames are not allowed'
      if (uris.length > 0) return 'URI subjectAltNames are not allowed'
      return (
        usageObjection(usages, 'server auth') ?? (subject.commonName.startsWith(nodePrefix) ? undefined : otherName)
      )
    case signers.legacy:
      return undefined
    default:
      return `unrecognized signerName: ${JSON.stringify(signer)}`
  }
}

const keyUsages = ['digital signature', 'key encipherment']
const otherGroup = `subject organization is not ${nodesGroup}`
const otherName = `subject common name does not begin with ${nodePrefix}`

function clientUsageObjection(usages: readonly string[]): string | undefined {
  const other = usages.find(usage => usage !== 'client auth' && !keyUsages.includes(usage))
  if (other !== undefined) return `invalid usage for client certificate: ${other}`
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}

/** A node's certificate is for one purpose and for signatures; some keys cannot encipher others. */
function usageObjection(usages: readonly string[], purpose: string): string | undefined {
  const all = ['digital signature', 'key encipherment', purpose].sort()
  const fits =
    ['digital signature', purpose].every(usage => usages.includes(usage)) && usages.every(usage => all.includes(usage))
  return fits ? undefined : `usages did not match [${all.join(' ')}]`
}

const isOfNodes = ({ organizations }: Requested['subject']): boolean =>
  organizations.length === 1 && organizations[0] === nodesGroup

/** Whether a request is one by which a node gets or renews its own client certificate. */
export const isNodeClient = (signer: string, requested: Requested, usages: readonly string[]): boolean =>
  signer === signers.kubeletClient && objection(signer, requested, usages) === undefined
