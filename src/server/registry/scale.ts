import { Scale } from '../../api/autoscaling/v1/index.js'
import { ageColumn, nameColumn, numberColumn } from '../../api/columns.js'
import { applyScaleFields, updateScaleFields } from '../../machinery/apply/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import type { ApiResponse } from '../../machinery/http.js'
import { PartialObjectMetadata } from '../../machinery/meta/index.js'
import { notNegative } from '../../machinery/names.js'
import type { ApiObject } from '../../machinery/object.js'
import { type Resource, resource, type ScaleSubresource } from '../../machinery/resource.js'
import { badRequest, internalError, invalid, notFound } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { chooseForm } from './form.js'
import { type PatchRequest, patchedDraft, patchRequest } from './patch.js'
import { anotherObject, checkName } from './preconditions.js'
import { apiVersionOf, decodeValue, readObject } from './read-body.js'
import type { Registry, WriteContext } from './registry.js'
import { partial, valueResponse } from './represent.js'
import { decodeContext } from './resource-stage.js'
import { tableOf } from './table.js'

/** The replicas of an object that does not say, as long as a patch is at it: no client can mean so few. */
const unsaid = -(2 ** 31)

/**
 * The object seen as a Scale: how many replicas are wanted, how many there are, and which pods they are. `otherwise`
 * stands for the replicas that are not said.
 */
function scaleOf(object: ApiObject, subresource: ScaleSubresource<ApiObject>, otherwise = 0): Scale {
  const { replicas = otherwise, observed, selector } = subresource.read(object)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as Scale['metadata'],
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: observed, ...(selector ? { selector } : {}) },
  }
}

/** A Scale as a row of a Table. */
const scales: Resource<Scale> = resource(Scale, {
  columns: [
    nameColumn,
    numberColumn('Desired', ({ spec }: Scale) => spec?.replicas ?? 0, { field: 'spec.replicas' }),
    numberColumn('Available', ({ status }: Scale) => status?.replicas ?? 0, { field: 'status.replicas' }),
    ageColumn,
  ],
})

/** The Scale of an object in the form the client asked for. */
export function scaleResponse(
  { request }: RequestContext,
  registry: Registry,
  subresource: ScaleSubresource<ApiObject>,
  stored: StoredObject,
): ApiResponse {
  if (subresource.read(stored.object).replicas === undefined)
    throw internalError(`the spec replicas field ".${subresource.replicasPath}" does not exist`)
  const scale = scaleOf(stored.object, subresource)
  if (request.user) return { status: 200, headers: {}, body: { kind: 'object', value: scale } }
  const form = chooseForm(request)
  if (form.as === 'metadata') return valueResponse(200, form, partial(scale), PartialObjectMetadata)
  if (form.as === 'object') return valueResponse(200, form, scale, Scale)
  const shown = scales as unknown as Resource
  return valueResponse(200, form, tableOf(shown, [{ object: scale }], form, undefined, registry.host.clock.now()))
}

/** PUT and PATCH of the scale: everything but the replicas belongs to the object itself. */
export async function writeScale(
  context: RequestContext,
  registry: Registry,
  namespace: string,
  name: string,
  subresource: ScaleSubresource<ApiObject>,
  write: WriteContext,
): Promise<ApiResponse> {
  const patch = context.info.verb === 'patch' ? await patchRequest(context) : undefined
  const body = patch ? undefined : await readObject(context.request, Scale, decodeContext(context))
  const { stored } = await registry.update(
    namespace,
    name,
    {
      ownsManagedFields: true,
      seenAs: {
        subresource: 'scale',
        show: object => structuredClone(scaleOf(object, subresource)),
        take: (shown, draft) => subresource.write(draft, (shown as Scale).spec?.replicas ?? 0),
      },
      // Everything but the replicas is as it was found, the version too, unless the client names one.
      retry: true,
      apply(current) {
        if (!current) throw notFound(registry.name, name)
        const wanted = body ?? patched(scaleOf(current, subresource, unsaid), patch as PatchRequest, context)
        if (body) checkName(wanted.metadata, name)
        // Who replaces a scale can insist on the object it is of.
        if (body?.metadata.uid && body.metadata.uid !== current.metadata.uid)
          throw anotherObject(registry.name, registry.cache.prefix, current.metadata, body.metadata.uid)
        checkIdentity(wanted, namespace, name)
        const replicas = wanted.spec?.replicas ?? 0
        if (replicas === unsaid)
          throw badRequest(`the spec replicas field ".${subresource.replicasPath}" cannot be empty`)
        if (replicas < 0 && !subresource.validated)
          throw invalid(Scale.gvk, name, [invalidValue('spec.replicas', replicas, notNegative)])
        const draft = structuredClone(current) as Draft<ApiObject>
        const metadata = draft.metadata as Draft<ApiObject['metadata']>
        const { resourceVersion } = wanted.metadata
        // A patch was made from this very version, unless it names one itself.
        if (resourceVersion && !(patch && resourceVersion === current.metadata.resourceVersion))
          metadata.resourceVersion = resourceVersion
        else delete metadata.resourceVersion
        subresource.write(draft, replicas)
        const managedFields = managedFieldsAfter(current, draft as ApiObject, registry, subresource, patch, write)
        if (managedFields.length > 0) metadata.managedFields = managedFields as Draft<typeof managedFields>
        else delete metadata.managedFields
        return draft
      },
    },
    write,
  )
  return scaleResponse(context, registry, subresource, stored)
}

function patched(before: Scale, patch: PatchRequest, context: RequestContext): Draft<Scale> {
  const decoding = decodeContext(context)
  if (patch.type !== 'apply') return patchedDraft(before, patch, Scale, decoding)
  const applied = decodeValue(patch.body, Scale, decoding)
  if (applied.metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil')
  applied.spec ??= {}
  if (applied.spec.replicas === undefined && before.spec?.replicas !== undefined)
    applied.spec.replicas = before.spec.replicas
  return applied
}

function checkIdentity({ metadata }: Draft<Scale>, namespace: string, name: string): void {
  if (metadata.name && metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
  if (metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

/** Of the object's fields, the writer comes to own the replicas alone. */
function managedFieldsAfter(
  current: ApiObject,
  draft: ApiObject,
  registry: Registry,
  subresource: ScaleSubresource<ApiObject>,
  patch: PatchRequest | undefined,
  { fieldManager }: WriteContext,
) {
  const asked = patch?.type === 'apply' ? (patch.body as Partial<Scale>).spec?.replicas : undefined
  const { replicas = 0 } = subresource.read(draft)
  const change = {
    managedFields: current.metadata.managedFields,
    apiVersion: apiVersionOf(registry.resource.kind.gvk),
    replicasPath: subresource.replicasPath,
    before: subresource.read(current).replicas,
    after: patch?.type === 'apply' ? asked : replicas,
    manager: fieldManager,
  }
  return patch?.type === 'apply' ? applyScaleFields({ ...change, force: patch.force }) : updateScaleFields(change)
}
