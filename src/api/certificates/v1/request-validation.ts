import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
} from '../../../machinery/field-errors.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { requiredOneOf } from '../../field-rules.js'
import type { CertificateSigningRequest } from './certificate-signing-request.js'
import { certificatesFault, requestFault } from './request-fault.js'

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const shortestExpiration = 600
const legacySigner = 'kubernetes.io/legacy-unknown'

/** https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ */
export function validateRequest(request: CertificateSigningRequest): FieldError[] {
  const { spec } = request
  const at = root.child('spec')
  const errors: FieldError[] = []
  if (!spec.usages?.length) errors.push(required(at.child('usages')))
  spec.usages?.forEach((usage, i) => {
    if (!usages.includes(usage)) errors.push(notSupported(at.child('usages').index(i), usage, usages))
  })
  spec.usages?.forEach((usage, i) => {
    if (spec.usages?.indexOf(usage) !== i) errors.push(duplicate(at.child('usages').index(i), usage))
  })
  if (spec.signerName === legacySigner)
    errors.push(
      invalidValue(
        at.child('signerName'),
        spec.signerName,
        'the legacy signerName is not allowed via this API version',
      ),
    )
  else errors.push(...validateSignerName(spec.signerName, at.child('signerName')))
  const seconds = spec.expirationSeconds
  if (seconds !== undefined && seconds < shortestExpiration)
    errors.push(
      invalidValue(
        at.child('expirationSeconds'),
        seconds,
        `may not specify a duration less than ${shortestExpiration} seconds (10 minutes)`,
      ),
    )
  return [...errors, ...validateConditions(request)]
}

/** Whether `spec.request` is a request that the key it names has signed. */
export async function verifyRequest({ spec }: CertificateSigningRequest): Promise<FieldError[]> {
  const fault = await requestFault(Buffer.from(spec.request ?? '', 'base64'))
  return fault ? [invalidValue(root.child('spec', 'request'), spec.request, fault)] : []
}

const longestPath = 571

/** `example.com/signer`: a domain and a path of its own. */
function validateSignerName(name: string, at: FieldPath): FieldError[] {
  if (!name) return [required(at)]
  const [domain = '', path, ...more] = name.split('/')
  if (path === undefined || more.length > 0)
    return [invalidValue(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")]
  const errors = invalidValues(
    at,
    domain,
    dns1123Subdomain(domain).map(message => `validating label "${domain}": ${message}`),
  )
  if (!domain.includes('.'))
    errors.push(invalidValue(at, domain, 'should be a domain with at least two segments separated by dots'))
  for (const part of path.split('.'))
    errors.push(
      ...dns1123Subdomain(part).map(message => invalidValue(at, path, `validating label "${part}": ${message}`)),
    )
  if (name.length > longestPath) errors.push(invalidValue(at, name, `must be no more than ${longestPath} characters`))
  return errors
}

/** The decision is either one; whoever decides means it. */
function validateConditions({ status }: CertificateSigningRequest): FieldError[] {
  const at = root.child('status', 'conditions')
  const errors: FieldError[] = []
  const seen = new Set<string>()
  status.conditions?.forEach(({ type, status: value }, i) => {
    {
      const here = at.index(i)
      if (!type) errors.push(required(here.child('type')))
      const decisive = type === 'Approved' || type === 'Denied' || type === 'Failed'
      errors.push(...requiredOneOf(value, decisive ? ['True'] : ['False', 'True', 'Unknown'], here.child('status')))
      if (type === 'Approved' || type === 'Denied') {
        const other = type === 'Approved' ? 'Denied' : 'Approved'
        if (seen.has(other))
          errors.push(invalidValue(at, type, 'Approved and Denied conditions are mutually exclusive'))
      }
      if (seen.has(type)) errors.push(duplicate(here.child('type'), type))
      seen.add(type)
    }
  })
  return errors
}

/** Conditions of these types, once there, stay. */
function validateKept(now: CertificateSigningRequest, old: CertificateSigningRequest, types: readonly string[]) {
  const has = ({ status }: CertificateSigningRequest, type: string) =>
    status.conditions?.some(condition => condition.type === type) ?? false
  return types.flatMap(type =>
    has(old, type) && !has(now, type)
      ? [forbiddenField(root.child('status', 'conditions'), `updates may not remove a condition of type "${type}"`)]
      : [],
  )
}

const kept = ['Approved', 'Denied', 'Failed']

export const validateRequestUpdate = (now: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] => [
  ...validateConditions(now),
  ...validateKept(now, old, kept),
]

export const validateApproval = validateRequestUpdate

const issuedFault = (base64: string) => certificatesFault(Buffer.from(base64, 'base64'))

export function validateStatus(now: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const errors = validateConditions(now)
  const at = root.child('status', 'certificate')
  const { certificate } = now.status
  const before = old.status.certificate
  const isNew = (certificate ?? '') !== (before ?? '')
  const fault = isNew && certificate && !(before && issuedFault(before)) && issuedFault(certificate)
  if (fault) errors.push(invalidValue(at, '<certificate data>', fault))
  errors.push(...validateKept(now, old, kept))
  if (isNew && before) errors.push(forbiddenField(at, 'updates may not modify existing certificate content'))
  return errors
}
