import { randomUUID } from 'node:crypto'
import { type AdmissionResponse, AdmissionReview } from '../../../api/admission/v1/index.js'
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/admissionregistration/v1/index.js'
import type { ApiObject } from '../../../machinery/object.js'
import { StatusError } from '../../../machinery/status-error.js'
import { DecodeError, decodeJson, JsonSyntaxError, parseJson } from '../../../schema/index.js'
import type { PolicySubject } from '../policies/policy-variables.js'

export type Webhook = MutatingWebhook | ValidatingWebhook

/** What a webhook is sent: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request */
export interface Review {
  readonly apiVersion: string
  readonly kind: 'AdmissionReview'
  readonly request: { readonly uid: string; readonly [field: string]: unknown }
}

const optionsKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: undefined }

/** The versions of reviews that are spoken here, best first. */
const versions = ['v1', 'v1beta1']

/** What a request looks like to a webhook. */
export function reviewOf({ admissionReviewVersions }: Webhook, { request, form, object, old }: PolicySubject): Review {
  const { user, dryRun, operation, subresource, namespace, name, resource } = request
  const version = admissionReviewVersions?.find(version => versions.includes(version)) ?? 'v1'
  const kind = kindIn(object ?? old) ?? form.resource.kind.gvk
  const optionsKind = optionsKinds[operation]
  const resourceOf = ({ kind: { gvk, plural } }: typeof resource) => ({
    group: gvk.group,
    version: gvk.version,
    resource: plural,
  })
  const called = name || object?.metadata?.name
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid: randomUUID(),
      kind,
      resource: resourceOf(form.resource),
      ...(subresource ? { subResource: subresource } : {}),
      requestKind: form.resource === resource ? kind : resource.kind.gvk,
      requestResource: resourceOf(resource),
      ...(subresource ? { requestSubResource: subresource } : {}),
      ...(called ? { name: called } : {}),
      ...(namespace ? { namespace } : {}),
      operation,
      userInfo: {
        username: user.name,
        ...(user.uid ? { uid: user.uid } : {}),
        groups: user.groups,
        ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
      },
      object: object ?? null,
      oldObject: old ?? null,
      dryRun,
      options: optionsKind
        ? { kind: optionsKind, apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) }
        : null,
    },
  }
}

/** The kind that an object says it is of. */
export function kindIn(object: Pick<ApiObject, 'kind' | 'apiVersion'> | undefined) {
  const { kind, apiVersion } = object ?? {}
  if (!kind || !apiVersion) return undefined
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return { group, version, kind }
}

/** What a webhook has decided. */
export interface Verdict {
  /** Set if the request is refused. */
  readonly refusal?: StatusError
  /** A JSON patch. */
  readonly patch?: unknown
  readonly warnings: readonly string[]
  /** For the audit log. */
  readonly auditAnnotations?: { readonly [key: string]: string }
}

/** A webhook answered what is no answer. */
export class ReviewError extends Error {}

/** What a webhook says besides its decision. */
const toldBy = ({
  warnings = [],
  auditAnnotations = {},
}: AdmissionResponse): Pick<Verdict, 'warnings' | 'auditAnnotations'> => ({
  warnings,
  ...(Object.keys(auditAnnotations).length > 0 ? { auditAnnotations } : {}),
})

/** Reads a webhook's answer. Throws ReviewError. */
export function verdictOf(name: string, review: Review, text: string): Verdict {
  const answer = answerOf(text)
  const { response } = answer
  if (!response) throw new ReviewError('webhook response was absent')
  if (answer.kind !== review.kind || answer.apiVersion !== review.apiVersion)
    throw new ReviewError(
      `expected webhook response of ${review.apiVersion}, Kind=${review.kind}, got ${answer.apiVersion ?? ''}, Kind=${answer.kind ?? ''}`,
    )
  if (response.uid !== review.request.uid)
    throw new ReviewError(`expected response.uid="${review.request.uid}", got "${response.uid}"`)
  const told = toldBy(response)
  if (response.allowed !== true) return { refusal: refusalOf(name, response), ...told }
  if (response.patch === undefined) {
    if (response.patchType) throw new ReviewError('webhook response.patchType may only be set with response.patch')
    return told
  }
  if (response.patchType !== 'JSONPatch')
    throw new ReviewError('webhook returned response.patchType that is not "JSONPatch"')
  try {
    const patch = parseJson(Buffer.from(response.patch, 'base64').toString())
    return Array.isArray(patch) && patch.length === 0 ? told : { patch, ...told }
  } catch {
    throw new ReviewError('webhook returned a patch that is no JSON')
  }
}

/** The answer, whatever it says. Throws ReviewError for what is no review. */
function answerOf(text: string): AdmissionReview {
  try {
    return decodeReview(parseJson(text)) as AdmissionReview
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new ReviewError('the webhook did not answer JSON', { cause: error })
    if (error instanceof DecodeError) throw new ReviewError(error.message, { cause: error })
    throw error
  }
}

/** What it says it is of counts, even if that is something else. */
function decodeReview(value: unknown) {
  if (typeof value !== 'object' || value === null) throw new ReviewError('webhook response was absent')
  const { kind, apiVersion } = value as { kind?: unknown; apiVersion?: unknown }
  return {
    ...decodeJson(AdmissionReview, value),
    ...(typeof kind === 'string' ? { kind } : {}),
    ...(typeof apiVersion === 'string' ? { apiVersion } : {}),
  }
}

const highestCode = 599

/** The refusal as its requester sees it. */
function refusalOf(name: string, { status }: AdmissionResponse): StatusError {
  const { code = 0, reason = '', message = '', details } = status ?? {}
  const denied = `admission webhook "${name}" denied the request`
  const text = message || reason
  return new StatusError(
    code > highestCode ? 500 : Math.max(code, 400),
    reason,
    text ? `${denied}: ${text}` : `${denied} without explanation`,
    ...(details ? [details] : []),
  )
}
