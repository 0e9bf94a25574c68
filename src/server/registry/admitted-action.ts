import type { ApiObject } from '../../machinery/object.js'
import type { Resource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'
import { type AdmissionRequest, mutateAll, settleAll, validateAll } from '../admission/admission.js'
import type { ResourceInfo } from '../request-info.js'
import type { Registry } from './registry.js'
import type { WriteContext } from './write.js'

/** Does what is no write of an object of its own (an action, a connection) as admission allows it. */
export async function admitted<R>(
  registry: Registry,
  { namespace, name, subresource }: ResourceInfo,
  operation: 'CREATE' | 'CONNECT',
  body: unknown,
  write: WriteContext,
  act: () => Promise<R>,
): Promise<R> {
  const { admission } = registry.host
  const object = body as Draft<ApiObject> | undefined
  const request: AdmissionRequest = {
    operation,
    resource: registry.resource as unknown as Resource,
    subresource,
    namespace,
    name: name || (object?.metadata?.name ?? ''),
    object,
    old: undefined,
    user: write.user,
    dryRun: write.dryRun,
    warn: text => write.warn(text),
    annotate: write.annotate,
  }
  let done = false
  try {
    const mutated = mutateAll(admission, request)
    if (mutated) await mutated
    const validated = validateAll(admission, request)
    if (validated) await validated
    const result = await act()
    done = true
    return result
  } finally {
    const settled = settleAll(admission, request, done)
    if (settled) await settled
  }
}
