import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { SubjectAccessReview } from '../../api/authorization/v1/index.js'
import { CertificateSigningRequest } from '../../api/certificates/v1/index.js'
import { type Again, type Controller, controller, type ReconcileContext } from '../../client/controller.js'
import { rfc3339 } from '../../machinery/clock.js'
import { isNotFound } from '../../machinery/status-error.js'
import {
  type CertificateRequest,
  createCertificate,
  readCertificateRequest,
  type Usage,
} from '../../machinery/x509/index.js'
import { isNodeClient, objection, signers } from './signers.js'

/** Who signs: PEM texts. */
export interface SigningAuthority {
  readonly certificate: string
  readonly key: string
}

export interface CertificateSigningOptions {
  /** Looked at for each certificate: it may change. */
  readonly authority: SigningAuthority
  /** Seconds that certificates are valid at most; a year by default. */
  readonly longestSeconds?: number
}

const year = 365 * 24 * 3600
/** Seconds by which clocks may differ. */
const backdated = 5 * 60
const shortestSeconds = 600
/** Certificates for less are valid for as long as was asked, not counting what they are backdated. */
const shortLived = 8 * 3600
const hour = 3_600_000

/** Ms after which requests are forgotten. */
const keptDecided = hour
const keptPending = 24 * hour

/**
 * Approves the requests of kubelets for their own client certificates, signs what is approved, and forgets what is old.
 * https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
 */
export function certificateSigning({ authority, longestSeconds = year }: CertificateSigningOptions): Controller {
  const issuer = issuerOf(authority)
  return controller({
    name: 'certificatesigningrequest',
    watches: { for: CertificateSigningRequest },
    async reconcile(key, context) {
      const request = context.get(CertificateSigningRequest, key)
      if (!request) return undefined
      const left = untilForgotten(request, context.clock.now())
      if (left <= 0) {
        await forget(request, context)
        return undefined
      }
      const again: Again = { after: left }
      const { spec } = request
      if (!Object.values<string>(signers).includes(spec.signerName)) return again
      const asked = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString())
      if (isDecided(request)) {
        if (holds(request, 'Approved') && !holds(request, 'Failed') && !request.status.certificate)
          await sign(request, asked, issuer(), longestSeconds, context)
      } else await approve(request, asked, context)
      return again
    },
  })
}

interface Issuer {
  readonly key: KeyObject
  readonly certificate: X509Certificate
}

/** The authority as it is now, read when it is another one than before. */
function issuerOf(authority: SigningAuthority): () => Issuer {
  let read: (SigningAuthority & { readonly issuer: Issuer }) | undefined
  return () => {
    const { certificate, key } = authority
    if (read?.certificate !== certificate || read.key !== key) {
      const issuer = { key: createPrivateKey(key), certificate: new X509Certificate(certificate) }
      read = { certificate, key, issuer }
    }
    return read.issuer
  }
}

const holds = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false

/** Whether somebody has approved or denied it. */
export const isDecided = (request: CertificateSigningRequest): boolean =>
  holds(request, 'Approved') || holds(request, 'Denied')

/** Ms until a request has served its purpose. */
function untilForgotten(request: CertificateSigningRequest, now: number): number {
  const { status, metadata } = request
  const since = (type: string, kept: number): number[] => {
    const condition = status.conditions?.find(condition => condition.type === type)
    const at = condition?.lastUpdateTime ?? condition?.lastTransitionTime
    return at ? [Date.parse(at) + kept - now] : []
  }
  const ends = [...since('Denied', keptDecided), ...since('Failed', keptDecided)]
  if (status.certificate) ends.push(...since('Approved', keptDecided))
  if (!isDecided(request)) ends.push(Date.parse(metadata.creationTimestamp ?? '') + keptPending - now)
  return ends.length > 0 ? Math.min(...ends) : keptPending
}

async function forget({ metadata }: CertificateSigningRequest, { client }: ReconcileContext): Promise<void> {
  try {
    await client.delete(CertificateSigningRequest, metadata)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Node certificates are approved for whoever may have them; all others are for people to decide. */
async function approve(
  request: CertificateSigningRequest,
  asked: CertificateRequest,
  { client, clock }: ReconcileContext,
): Promise<void> {
  const { spec } = request
  if (!isNodeClient(spec.signerName, asked, spec.usages ?? [])) return
  const may = async (subresource: string) => {
    const { username, uid, groups, extra } = spec
    const { status } = await client.create(SubjectAccessReview, {
      spec: {
        ...(username ? { user: username } : {}),
        ...(uid ? { uid } : {}),
        ...(groups ? { groups } : {}),
        ...(extra ? { extra } : {}),
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource,
          version: '*',
        },
      },
    })
    return status.allowed
  }
  const own = spec.username === asked.subject.commonName
  const message =
    own && (await may('selfnodeclient'))
      ? 'Auto approving self kubelet client certificate after SubjectAccessReview.'
      : (await may('nodeclient'))
        ? 'Auto approving kubelet client certificate after SubjectAccessReview.'
        : undefined
  if (message === undefined) return
  await client.update(
    CertificateSigningRequest,
    withCondition(request, 'Approved', 'AutoApproved', message, clock.now()),
    { subresource: 'approval' },
  )
}

async function sign(
  request: CertificateSigningRequest,
  asked: CertificateRequest,
  issuer: { readonly key: KeyObject; readonly certificate: X509Certificate },
  longestSeconds: number,
  { client, clock }: ReconcileContext,
): Promise<void> {
  const { spec, status } = request
  const usages = spec.usages ?? []
  const now = clock.now()
  const why = objection(spec.signerName, asked, usages)
  if (why) {
    const failed = withCondition(request, 'Failed', 'SignerValidationFailure', why, now)
    await client.update(CertificateSigningRequest, failed, { subresource: 'status' })
    return
  }
  const seconds = Math.max(shortestSeconds, Math.min(spec.expirationSeconds ?? longestSeconds, longestSeconds))
  const lasting = seconds < shortLived ? seconds : seconds - backdated
  const end = Math.min(now + lasting * 1000, Date.parse(issuer.certificate.validTo))
  const certificate = await createCertificate(
    {
      subject: asked.rawSubject,
      publicKey: asked.publicKey,
      notBefore: now - backdated * 1000,
      notAfter: end,
      usages: usages as readonly Usage[],
      names: asked.names,
    },
    issuer,
  )
  await client.update(
    CertificateSigningRequest,
    { ...request, status: { ...status, certificate: Buffer.from(certificate).toString('base64') } },
    { subresource: 'status' },
  )
}

/** The request with one more condition, which is true. */
export function withCondition(
  request: CertificateSigningRequest,
  type: string,
  reason: string,
  message: string,
  now: number,
): CertificateSigningRequest {
  const at = rfc3339(now)
  const condition = { type, status: 'True', reason, message, lastUpdateTime: at, lastTransitionTime: at }
  return { ...request, status: { ...request.status, conditions: [...(request.status.conditions ?? []), condition] } }
}
