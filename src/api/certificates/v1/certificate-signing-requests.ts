import { rfc3339 } from '../../../machinery/clock.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { copyField, type Resource, resource, statusView, type Writer } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { ageColumn, nameColumn, none, shortDuration, textColumn } from '../../columns.js'
import { keepStatus } from '../../status-apart.js'
import { CertificateSigningRequest, type CertificateSigningRequestStatus } from './certificate-signing-request.js'
import {
  validateApproval,
  validateRequest,
  validateRequestUpdate,
  validateStatus,
  verifyRequest,
} from './request-validation.js'

/** Upstream describes the column in the words of an older version. */
const signerHelp = `Requested signer for the request. It is a qualified name in the form: \`scope-hostname.io/name\`. If empty, it will be defaulted:
 1. If it's a kubelet client certificate, it is assigned
    "kubernetes.io/kube-apiserver-client-kubelet".
 2. If it's a kubelet serving certificate, it is assigned
    "kubernetes.io/kubelet-serving".
 3. Otherwise, it is assigned "kubernetes.io/legacy-unknown".
Distribution of trust for signers happens out of band. You can select on this field using \`spec.signerName\`.`

export const certificateSigningRequests: Resource<CertificateSigningRequest> = resource(CertificateSigningRequest, {
  shortNames: ['csr'],
  columns: [
    nameColumn,
    ageColumn,
    textColumn('SignerName', ({ spec }) => spec.signerName || none, { description: signerHelp }),
    textColumn('Requestor', ({ spec }) => spec.username ?? '', { description: 'Base64-encoded PKCS#10 CSR data' }),
    textColumn(
      'RequestedDuration',
      ({ spec }) => (spec.expirationSeconds === undefined ? none : shortDuration(spec.expirationSeconds * 1000)),
      { field: 'spec.expirationSeconds' },
    ),
    textColumn('Condition', conditionText, {
      description: 'Conditions applied to the request, such as approval or denial.',
    }),
  ],
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
  subresources: [
    {
      type: 'view',
      name: 'approval',
      verbs: ['get', 'patch', 'update'],
      resetFields: ['spec', 'status.certificate'],
      prepareForUpdate(draft, old, writer) {
        copyField(draft as unknown as Record<string, unknown>, old, 'spec')
        const { conditions } = draft.status
        draft.status = structuredClone(old.status) as Draft<CertificateSigningRequestStatus>
        if (conditions?.length) draft.status.conditions = conditions
        else delete draft.status.conditions
        stampConditions(draft, old, writer)
      },
      validateUpdate: validateApproval,
    },
    statusView({
      prepareForUpdate(draft, old, writer) {
        keepDecision(draft, old)
        stampConditions(draft, old, writer)
      },
      validateUpdate: validateStatus,
    }),
  ],
  strategy: {
    nameErrors: pathSegmentName,
    resetFields: ['spec', 'status'],
    prepareForCreate(draft, { user }) {
      const { spec } = draft
      spec.username = user.name
      spec.groups = [...user.groups]
      delete spec.uid
      delete spec.extra
      if (user.uid) spec.uid = user.uid
      if (user.extra && Object.keys(user.extra).length > 0)
        spec.extra = structuredClone(user.extra) as Draft<NonNullable<typeof user.extra>>
      draft.status = {}
    },
    prepareForUpdate(draft, old) {
      copyField(draft as unknown as Record<string, unknown>, old, 'spec')
      keepStatus(draft, old)
    },
    verify: verifyRequest,
    validate: validateRequest,
    validateUpdate: validateRequestUpdate,
  },
})

type Conditions = NonNullable<CertificateSigningRequestStatus['conditions']>

/** Only approval decides: through `status`, Approved and Denied stay as they were. */
function keepDecision(draft: Draft<CertificateSigningRequest>, old: CertificateSigningRequest): void {
  const isDecision = ({ type }: { readonly type: string }) => type === 'Approved' || type === 'Denied'
  const decided = (old.status.conditions ?? []).filter(isDecision)
  const others = (draft.status.conditions ?? []).filter(condition => !isDecision(condition))
  const wanted = (draft.status.conditions ?? []).filter(isDecision)
  const kept = wanted.flatMap(({ type }) => decided.find(condition => condition.type === type) ?? [])
  const lost = decided.filter(condition => !wanted.some(({ type }) => type === condition.type))
  const conditions = [...kept, ...lost, ...others]
  if (conditions.length > 0) draft.status.conditions = conditions as Draft<Conditions>
}

/** Conditions say when they came and when they last changed. */
function stampConditions(draft: Draft<CertificateSigningRequest>, old: CertificateSigningRequest, { now }: Writer) {
  const time = rfc3339(now)
  for (const condition of draft.status.conditions ?? []) {
    condition.lastUpdateTime ??= time
    if (condition.lastTransitionTime) continue
    const before = old.status.conditions?.find(each => each.type === condition.type)
    condition.lastTransitionTime =
      before?.lastTransitionTime && jsonEqual(before.status, condition.status) ? before.lastTransitionTime : time
  }
}

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status.conditions?.some(condition => condition.type === type) ?? false
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending']
  if (has('Failed')) words.push('Failed')
  if (status.certificate) words.push('Issued')
  return words.join(',')
}
