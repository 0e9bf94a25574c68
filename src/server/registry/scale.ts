import { Scale } from '../../api/autoscaling/v1/index.js'
import { invalidValue } from '../../machinery/field-errors.js'
import type { ApiResponse } from '../../machinery/http.js'
import type { ApiObject } from '../../machinery/object.js'
import type { ScaleSubresource } from '../../machinery/resource.js'
import { badRequest, invalid } from '../../machinery/status-error.js'
import type { Draft } from '../../schema/index.js'
import type { StoredObject } from '../cache/stored-object.js'
import type { RequestContext } from '../pipeline.js'
import { jsonValue } from '../respond.js'
import { applyPatchTo, patchRequest } from './patch.js'
import { decodeValue, readObject } from './read-body.js'
import type { Registry, WriteContext } from './registry.js'
import { decodeContext } from './resource-stage.js'

/** The object seen as a Scale: how many replicas are wanted, how many there are, and which pods they are. */
function scaleOf({ object }: StoredObject, subresource: ScaleSubresource<ApiObject>): Scale {
  const { replicas, observed, selector } = subresource.read(object)
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as Scale['metadata'],
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: observed, selector },
  }
}

export const getScale = (
  { request }: RequestContext,
  subresource: ScaleSubresource<ApiObject>,
  stored: StoredObject,
): ApiResponse => jsonValue(request, 200, scaleOf(stored, subresource))

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
      apply(current) {
        if (!current) throw badRequest('the object to scale does not exist')
        const before = scaleOf({ object: current } as StoredObject, subresource)
        const wanted = patch
          ? decodeValue(applyPatchTo(before, patch, Scale), Scale, decodeContext(context))
          : (body as Draft<Scale>)
        const replicas = wanted.spec?.replicas ?? 0
        if (replicas < 0)
          throw invalid(Scale.gvk, name, [
            invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
          ])
        const draft = structuredClone(current) as Draft<ApiObject>
        const metadata = draft.metadata as Draft<ApiObject['metadata']>
        if (wanted.metadata.resourceVersion) metadata.resourceVersion = wanted.metadata.resourceVersion
        else delete metadata.resourceVersion
        subresource.write(draft, replicas)
        return draft
      },
    },
    write,
  )
  return jsonValue(context.request, 200, scaleOf(stored, subresource))
}
