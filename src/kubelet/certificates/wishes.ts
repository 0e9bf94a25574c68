import { isIP } from 'node:net'
import type { Node } from '../../api/core/v1/index.js'
import { canonicalAddress, type LeafTemplate } from '../../machinery/x509/index.js'

/** A certificate to ask for, and who is to sign it. */
export interface CertificateWish extends LeafTemplate {
  readonly signerName: string
}

const subjectOf = (nodeName: string) => ({ commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] })

/** The certificate by which the API server knows a node. */
export const clientWish = (nodeName: string): CertificateWish => ({
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  subject: subjectOf(nodeName),
  usages: ['digital signature', 'client auth'],
  names: {},
})

/** The certificate by which others know a node, for all its names and addresses; undefined while it has none. */
export function servingWish(node: Node | undefined): CertificateWish | undefined {
  const all = node?.status.addresses ?? []
  const hosts = [...new Set(all.map(({ address }) => address).filter(Boolean))]
  if (hosts.length === 0) return undefined
  return {
    signerName: 'kubernetes.io/kubelet-serving',
    subject: subjectOf(node?.metadata.name ?? ''),
    usages: ['digital signature', 'server auth'],
    names: {
      dns: hosts.filter(host => !isIP(host)).sort(),
      addresses: hosts
        .filter(host => isIP(host))
        .map(canonicalAddress)
        .sort(),
    },
  }
}
