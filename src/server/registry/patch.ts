import { applyPatch } from '../../machinery/apply/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { type PatchType, patchTypeOf } from '../../machinery/negotiation.js'
import type { ApiObject } from '../../machinery/object.js'
import { applyJsonPatch, applyMergePatch, applyStrategicMerge } from '../../machinery/patch/index.js'
import type { ViewSubresource } from '../../machinery/resource.js'
import { badRequest, notFound } from '../../machinery/status-error.js'
import type { Draft, Kind, MessageSchema } from '../../schema/index.js'
import type { RequestContext } from '../pipeline.js'
import { isTrue } from '../request-info.js'
import { resetFieldsOf } from './managed-fields.js'
import { apiVersionOf, type DecodeContext, decodeValue, parseJsonBody, parseYamlBody, readBytes } from './read-body.js'
import type { Change, Registry, WriteContext } from './registry.js'

export interface PatchRequest {
  readonly type: PatchType
  readonly body: unknown
  /** Apply only: take over fields that others own. */
  readonly force: boolean
}

/** Reads a PATCH: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export async function patchRequest({ request }: RequestContext): Promise<PatchRequest> {
  const type = patchTypeOf(request.headers['content-type'])
  const force = isTrue(request.query.get('force'))
  if (type !== 'apply' && request.query.has('force'))
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    )
  if (type === 'apply' && !request.query.get('fieldManager'))
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  if (request.body.kind === 'object') return { type, body: request.body.value, force }
  const text = (await readBytes(request)).toString()
  return { type, body: type === 'apply' ? parseYamlBody(text) : parseJsonBody(text), force }
}

/** The patched value of an object, without any of the server's own rules. */
export function applyPatchTo(original: unknown, patch: PatchRequest, schema: MessageSchema): unknown {
  switch (patch.type) {
    case 'json':
      return applyJsonPatch(original, patch.body)
    case 'merge':
      return applyMergePatch(original, patch.body)
    case 'strategic':
      return applyStrategicMerge(original, patch.body, schema)
    case 'apply':
      throw badRequest('server-side apply is not possible here')
  }
}

/** What a patch does to an object, ready to be tried again when a race is lost. */
export function patchChange(
  patch: PatchRequest,
  registry: Registry,
  target: { readonly namespace: string; readonly name: string },
  decode: DecodeContext,
  write: WriteContext,
  view: ViewSubresource<ApiObject> | undefined,
): Change<ApiObject> {
  const { resource } = registry
  const kind = resource.kind as Kind<ApiObject>
  const viewOption = view ? { view } : {}
  if (patch.type === 'apply')
    return {
      ...viewOption,
      retry: true,
      create: view === undefined,
      ownsManagedFields: true,
      apply: current => {
        const config = appliedConfig(patch.body, kind, target, decode)
        const { object, managedFields } = applyPatch({
          schema: kind,
          live: current,
          config,
          managedFields: current?.metadata.managedFields ?? [],
          manager: write.fieldManager,
          force: patch.force,
          subresource: view?.name ?? '',
          apiVersion: apiVersionOf(kind.gvk),
          time: rfc3339(registry.host.clock.now()),
          ...resetFieldsOf(resource, view),
        })
        const draft = decodeValue(object, kind, { fieldValidation: 'Ignore', warn: () => {} })
        resource.defaults?.(draft)
        draft.metadata.managedFields = managedFields as Draft<typeof managedFields>
        return draft
      },
    }
  return {
    ...viewOption,
    retry: true,
    apply: current => {
      if (!current) throw notFound(registry.name, target.name)
      const patched = applyPatchTo(current, patch, kind)
      const draft = decodeValue(patched, kind, decode)
      // The version of the object the patch was applied to says nothing of what the client insists on; a version in
      // the patch itself does.
      if (draft.metadata.resourceVersion === current.metadata.resourceVersion) delete draft.metadata.resourceVersion
      resource.defaults?.(draft)
      return draft
    },
  }
}

function appliedConfig(
  body: unknown,
  kind: Kind<ApiObject>,
  target: { readonly namespace: string; readonly name: string },
  decode: DecodeContext,
): ApiObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('error decoding YAML: the applied configuration must be an object')
  // Checks kind, version, types and unknown fields; what is applied is the configuration as it was written, without
  // the defaults that decoding would fill in.
  decodeValue(body, kind, decode)
  const { metadata, ...rest } = body as { metadata?: Record<string, unknown> }
  if (metadata?.['managedFields'] !== undefined && (metadata['managedFields'] as unknown[])?.length > 0)
    throw badRequest('metadata.managedFields must be nil')
  return {
    ...rest,
    metadata: { ...metadata, name: target.name, ...(target.namespace ? { namespace: target.namespace } : {}) },
  } as ApiObject
}
