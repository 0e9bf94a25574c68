import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { readCertificateRequest } from '../../machinery/x509/index.js'
import { mastersGroup } from '../authentication/user-names.js'
import type { Authorizer } from '../authorization/authorizer.js'
import { type AdmissionPlugin, type AdmissionRequest, draftOf, isOf, refusal } from './admission.js'

/** Signers are authorized one by one, or all of a domain: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization */
async function mayUse(authorizer: Authorizer, { user }: AdmissionRequest, verb: string, signer: string) {
  const [domain = ''] = signer.split('/')
  for (const name of [signer, `${domain}/*`]) {
    const decision = await authorizer.authorize(user, {
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
    if (decision.verdict === 'allow') return true
  }
  return false
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
  async validate(request) {
    if (!written(request, 'approval')) return
    const { signerName } = (request.old as CertificateSigningRequest).spec
    if (!(await mayUse(authorizer, request, 'approve', signerName)))
      throw refusal(request, `user not permitted to approve requests with signerName "${signerName}"`)
  },
})

/** CertificateSigning: who signs requests, or says that signing failed, must be allowed to for their signer. */
export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
  name: 'CertificateSigning',
  async validate(request) {
    const changed = written(request, 'status')
    if (!changed) return
    const old = request.old as CertificateSigningRequest
    const same =
      jsonEqual(changed.status.certificate, old.status.certificate) &&
      jsonEqual(changed.status.conditions, old.status.conditions)
    const { signerName } = old.spec
    if (!same && !(await mayUse(authorizer, request, 'sign', signerName)))
      throw refusal(request, `user not permitted to sign requests with signerName "${signerName}"`)
  },
})

const clientSigner = 'kubernetes.io/kube-apiserver-client'

/** CertificateSubjectRestriction: nobody becomes a member of the group that may do everything by a certificate. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  async validate(request) {
    const created = request.operation === 'CREATE' ? draftOf(request, CertificateSigningRequest) : undefined
    if (created?.spec.signerName !== clientSigner) return
    // What cannot be read has been refused by validation.
    const { subject } = await readCertificateRequest(Buffer.from(created.spec.request, 'base64').toString())
    if (subject.organizations.includes(mastersGroup))
      throw refusal(request, `use of ${clientSigner} signer with ${mastersGroup} group is not allowed`)
  },
}
