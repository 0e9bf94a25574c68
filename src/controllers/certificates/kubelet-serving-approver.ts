import { X509Certificate } from 'node:crypto'
import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { Node } from '../../api/core/v1/index.js'
import { ServiceCIDR } from '../../api/networking/v1/index.js'
import { type Controller, controller, watchAlso } from '../../client/controller.js'
import { readCertificateRequest } from '../../machinery/x509/index.js'
import { networksOf } from '../service-cidr/networks.js'
import { isDecided, withCondition } from './certificate-signing.js'
import { servingObjection } from './serving-approval.js'
import { signers } from './signers.js'

export interface ServingApproverOptions {
  /** PEM of what the API servers serve with now. */
  readonly apiServer: () => string
  /** Nodes of the machines that API servers run on. */
  readonly apiServerNodes: readonly string[]
}

/**
 * Approves what kubelets ask for to serve with, where that is safe (see `servingObjection`); all else is left to people.
 * Upstream leaves all of it to people: https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#certificate-rotation
 */
export function kubeletServingApprover({ apiServer, apiServerNodes }: ServingApproverOptions): Controller {
  return controller({
    name: 'kubelet-serving-approver',
    watches: {
      for: CertificateSigningRequest,
      reads: [ServiceCIDR],
      also: [
        // A node asks as soon as it knows its addresses, perhaps before we do.
        watchAlso(Node, ({ metadata }, _old, cache) =>
          cache
            .list(CertificateSigningRequest)
            .filter(({ spec }) => spec.username === `system:node:${metadata.name}`)
            .map(request => ({ namespace: '', name: request.metadata.name ?? '' })),
        ),
      ],
    },
    async reconcile(key, { get, list, client, clock, events }) {
      const request = get(CertificateSigningRequest, key)
      if (request?.spec.signerName !== signers.kubeletServing || isDecided(request)) return undefined
      const asked = await readCertificateRequest(Buffer.from(request.spec.request, 'base64').toString())
      const why = servingObjection(request.spec, asked, {
        nodes: list(Node),
        serviceNetworks: list(ServiceCIDR).flatMap(networksOf),
        apiServers: [new X509Certificate(apiServer())],
        apiServerNodes,
      })
      if (why !== undefined) {
        events.record(request, 'Normal', 'NotApproved', `Left for a person to approve: ${why}.`)
        return undefined
      }
      const text = 'Auto approving kubelet serving certificate: the names and addresses are the node’s alone.'
      const approved = withCondition(request, 'Approved', 'AutoApproved', text, clock.now())
      await client.update(CertificateSigningRequest, approved, { subresource: 'approval' })
      return undefined
    },
  })
}
