import { applyPatch } from '../../machinery/apply/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import { forbiddenField, invalidValue, required } from '../../machinery/field-errors.js'
import { goValue } from '../../machinery/go-format.js'
import { type PatchType, patchTypeOf } from '../../machinery/negotiation.js'
import type { ApiObject } from '../../machinery/object.js'
import { applyJsonPatch, applyMergePatch, applyStrategicMerge } from '../../machinery/patch/index.js'
import type { Resource, ViewSubresource } from '../../machinery/resource.js'
import {
  badRequest,
  conflict,
  type FieldError,
  invalid,
  notFound,
  type StatusError,
} from '../../machinery/status-error.js'
import type { Draft, Kind, MessageSchema } from '../../schema/index.js'
import { exactJson } from '../../schema/index.js'
import type { RequestContext } from '../pipeline.js'
import { isTrue } from '../request-info.js'
import { duplicateKeysText } from './body-text.js'
import { resetFieldsOf } from './managed-fields.js'
import { PatchText } from './patch-text.js'
import { apiVersionOf, type DecodeContext, decodeValue, readBytes } from './read-body.js'
import type { Change, Registry, WriteContext } from './registry.js'
import { versionViews } from './version-views.js'

export interface PatchRequest {
  readonly type: PatchType
  readonly body: unknown
  /** Apply only: keys that stand twice in a map of the body. */
  readonly duplicates: readonly string[]
  /** What strict reading holds against the patch itself. */
  readonly faults: readonly string[]
  /** Apply only: take over fields that others own. */
  readonly force: boolean
}

const optionErrors = (errors: readonly FieldError[]): StatusError =>
  invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', errors)

/** Strategic merge needs to know more of a type than a custom resource's schema tells. */
const customPatchTypes: readonly PatchType[] = ['json', 'merge', 'apply']

/** Reads a PATCH: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export async function patchRequest({ request }: RequestContext, resource?: Resource): Promise<PatchRequest> {
  const custom = resource?.kind.decoder !== undefined
  const type = patchTypeOf(request.headers['content-type'], custom ? customPatchTypes : undefined)
  const force = isTrue(request.query.get('force'))
  if (type !== 'apply' && request.query.has('force'))
    throw optionErrors([forbiddenField('force', 'may not be specified for non-apply patch')])
  if (type === 'apply' && !request.query.get('fieldManager'))
    throw optionErrors([required('fieldManager', 'is required for apply patch')])
  if (request.body.kind === 'object') return { type, body: request.body.value, duplicates: [], faults: [], force }
  const text = new PatchText(type, (await readBytes(request)).toString())
  return {
    type,
    force,
    get body() {
      return text.body
    },
    get duplicates() {
      return text.duplicates
    },
    get faults() {
      return text.faults
    },
  }
}

/** The patched value of an object, without any of the server's own rules. */
function applyPatchTo(original: unknown, patch: PatchRequest, schema: MessageSchema, lenient: boolean): unknown {
  switch (patch.type) {
    case 'json':
      return applyJsonPatch(original, patch.body)
    case 'merge':
      return applyMergePatch(original, patch.body, lenient)
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
        const { object, managedFields } = applyPatch({
          schema: kind,
          live: current,
          config: patch.body,
          managedFields: current?.metadata.managedFields ?? [],
          manager: write.fieldManager,
          force: patch.force,
          subresource: view?.name ?? '',
          apiVersion: apiVersionOf(kind.gvk),
          time: rfc3339(registry.host.clock.now()),
          ...resetFieldsOf(resource, view),
          ...versionViews(resource),
        })
        tellOfDuplicates(patch, decode)
        const draft = decodeValue(object, kind, { fieldValidation: 'Ignore', warn: () => {} })
        resource.defaults?.(draft)
        if (!current && draft.metadata.uid)
          throw conflict(
            registry.name,
            target.name,
            `uid mismatch: the provided object specified uid ${draft.metadata.uid}, and no existing object was found`,
          )
        // There is nothing yet that could have a version.
        if (!current) delete draft.metadata.resourceVersion
        if (managedFields.length > 0) draft.metadata.managedFields = managedFields as Draft<typeof managedFields>
        else delete draft.metadata.managedFields
        return draft
      },
    }
  return {
    ...viewOption,
    retry: true,
    apply: current => {
      if (!current) throw notFound(registry.name, target.name)
      const draft = patchedDraft(current, patch, kind, decode)
      // The version of the object the patch was applied to says nothing of what the client insists on; a version in
      // the patch itself does.
      if (draft.metadata.resourceVersion === current.metadata.resourceVersion) delete draft.metadata.resourceVersion
      resource.defaults?.(draft)
      return draft
    },
  }
}

/** A patched object, read as strictly as was asked for. Throws a 422 for what is no object of the kind. */
export function patchedDraft<T, I>(
  original: T,
  patch: PatchRequest,
  kind: Kind<T, I>,
  { fieldValidation, warn }: DecodeContext,
): Draft<T> {
  const patched = applyPatchTo(original, patch, kind as unknown as MessageSchema, fieldValidation === 'Ignore')
  const problems: string[] = []
  const draft = decodeValue(
    patched,
    kind,
    { fieldValidation: fieldValidation === 'Ignore' ? 'Ignore' : 'Warn', warn: text => problems.push(text) },
    why => unfit(patch, patched, why),
  )
  if (fieldValidation === 'Ignore') return draft
  problems.unshift(...patch.faults)
  if (problems.length > 0 && fieldValidation === 'Strict')
    throw unfit(patch, patched, `strict decoding error: ${problems.join(', ')}`)
  for (const problem of problems) warn(problem)
  return draft
}

function tellOfDuplicates({ duplicates }: PatchRequest, { fieldValidation, warn }: DecodeContext): void {
  if (duplicates.length === 0 || fieldValidation === 'Ignore') return
  if (fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${duplicateKeysText(duplicates)}`)
  for (const duplicate of duplicates) warn(duplicate)
}

/** What a patch made is no object of its kind: a 422 that quotes what was made, or, of a strategic patch, the patch. */
function unfit({ type, body }: PatchRequest, patched: unknown, why: string): StatusError {
  const strategic = type === 'strategic'
  const quoted = strategic ? goValue(body) : exactJson(patched)
  return invalid({ group: '', kind: '' }, '', [invalidValue('patch', quoted, strategic ? restored(why) : why)])
}

/** Strategic patches are read back from values, of whose types upstream speaks in other words than of a text's. */
function restored(why: string): string {
  const [, found, type] = /^json: cannot unmarshal (\w+)(?: \S+)? into .* of type (\S+)$/.exec(why) ?? []
  if (found === undefined || type === undefined) return why
  const form = found === 'array' ? 'slice' : found === 'object' ? 'map' : found === 'number' ? 'int64' : found
  if (type.startsWith('[]')) return `cannot restore slice from ${form}`
  if (type.startsWith('map[')) return `cannot restore map from ${form}`
  return type.includes('.') ? `cannot restore struct from: ${form}` : `cannot convert ${form} to ${type}`
}
