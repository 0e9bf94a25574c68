import { updateManagedFields } from '../../machinery/apply/index.js'
import { rfc3339 } from '../../machinery/clock.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'
import { apiVersionOf } from './read-body.js'
import type { WriteContext } from './registry.js'

/** Notes in `metadata.managedFields` which fields this write changed, under the writer's name. */
export function trackManagedFields<T extends ApiObject>(
  resource: Resource<T>,
  before: T | undefined,
  draft: Draft<T>,
  context: WriteContext,
  subresource: string,
  now: number,
): void {
  const metadata = draft.metadata as Draft<ApiObject['metadata']>
  const managedFields = updateManagedFields({
    schema: resource.kind,
    before,
    after: draft,
    // A client that sends an empty list asks for a fresh start; one that sends none keeps what is there.
    managedFields: metadata.managedFields ?? before?.metadata.managedFields ?? [],
    manager: context.fieldManager,
    subresource,
    apiVersion: apiVersionOf(resource.kind.gvk),
    time: rfc3339(now),
  })
  if (managedFields.length > 0) metadata.managedFields = managedFields as Draft<typeof managedFields>
  else delete metadata.managedFields
}
