import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { readCertificateRequest } from '../../machinery/x509/index.js'
import type { Draft } from '../../schema/index.js'
import { mastersGroup } from '../authentication/user-names.js'
import type { Authorizer } from '../authorization/authorizer.js'
import {
  type AdmissionAttributes,
  type AdmissionPlugin,
  type AdmissionRequest,
  admission,
  isOf,
  refusal,
} from './admission.js'

/** Signers are authorized one by one, or all of a domain: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization */
async function checkMayUse(
  authorizer: Authorizer,
  request: AdmissionRequest,
  verb: string,
  signer: string,
  why: string,
): Promise<void> {
  const [domain = ''] = signer.split('/')
  for (const name of [signer, `${domain}/*`]) {
    const decision = await authorizer.authorize(request.user, {
      verb,
      path: '',
      resource: {
        group: 'certificates.k8s.io',
        version: '*',
        plural: 'signers',
        subresource: '',
        namespace: '',
        name,
        rest: '',
      },
    })
    if (decision.verdict === 'allow') return
  }
  throw refusal(request, why)
}

/** The object of an update of a view of requests. */
function written(request: AdmissionRequest, view: string): CertificateSigningRequest | undefined {
  if (request.operation !== 'UPDATE' || request.subresource !== view) return undefined
  return isOf(request.resource, CertificateSigningRequest)
    ? (request.object as unknown as CertificateSigningRequest)
    : undefined
}

/** CertificateApproval: who approves requests must be allowed to for their signer. */
export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateApproval',
  match: { resources: ['certificatesigningrequests/approval'], operations: ['UPDATE'] },
  validate(request) {
    if (!written(request, 'approval')) return
    const { signerName } = (request.old as CertificateSigningRequest).spec
    const why = `user not permitted to approve requests with signerName "${signerName}"`
    return checkMayUse(authorizer, request, 'approve', signerName, why)
  },
})

/** CertificateSigning: who signs requests, or says that signing failed, must be allowed to for their signer. */
export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  match: { resources: ['certificatesigningrequests/status'], operations: ['UPDATE'] },
  validate(request) {
    const changed = written(request, 'status')
    if (!changed) return
    const old = request.old as CertificateSigningRequest
    const same =
      jsonEqual(changed.status.certificate, old.status.certificate) &&
      jsonEqual(changed.status.conditions, old.status.conditions)
    if (same) return
    const { signerName } = old.spec
    const why = `user not permitted to sign requests with signerName "${signerName}"`
    return checkMayUse(authorizer, request, 'sign', signerName, why)
  },
})

const clientSigner = 'kubernetes.io/kube-apiserver-client'

/** CertificateSubjectRestriction: nobody becomes a member of the group that may do everything by a certificate. */
export const certificateSubjectRestriction: AdmissionPlugin = admission({
  name: 'CertificateSubjectRestriction',
  match: { resources: [CertificateSigningRequest], operations: ['CREATE'] },
  validate(request) {
    const { spec } = request.object
    return spec.signerName === clientSigner ? checkSubject(request, spec) : undefined
  },
})

async function checkSubject(
  request: AdmissionAttributes,
  spec: Draft<CertificateSigningRequest['spec']>,
): Promise<void> {
  // What cannot be read has been refused by validation.
  const { subject } = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString())
  if (subject.organizations.includes(mastersGroup))
    throw refusal(request, `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`)
}
