import type { Scale } from '../../api/autoscaling/v1/index.js'
import type { CrossVersionObjectReference } from '../../api/autoscaling/v2/index.js'
import { answerOf, type ServedApi, type ServedResource } from '../../client/discovery.js'
import { type Client, pathOf } from '../../client/index.js'
import { groupOf } from '../../client/owners.js'
import { StatusError } from '../../machinery/status-error.js'

/** The scale of an object, and where it is. */
export interface ScaleTarget {
  readonly path: string
  readonly scale: Scale
}

/** Reads the scale of an object of any kind that has one. Throws what keeps it from being read. */
export async function readScale(
  { client, signal }: { readonly client: Client; readonly signal: AbortSignal },
  served: () => Promise<ServedApi>,
  namespace: string,
  reference: CrossVersionObjectReference,
): Promise<ScaleTarget> {
  const versions = servedVersions(await served(), reference)
  let failure: unknown
  for (const { kind } of versions) {
    const path = `${pathOf(kind, namespace, reference.name)}/scale`
    try {
      return { path, scale: await send<Scale>(client, { method: 'GET', path, signal }) }
    } catch (error) {
      failure ??= error
    }
  }
  throw failure
}

/** Asks for another number of replicas. Throws a conflict if somebody else has written since. */
export const writeScale = (
  { client, signal }: { readonly client: Client; readonly signal: AbortSignal },
  { path, scale }: ScaleTarget,
  replicas: number,
): Promise<Scale> =>
  send(client, {
    method: 'PUT',
    path,
    signal,
    query: new URLSearchParams({ fieldManager: 'kube-controller-manager' }),
    headers: { 'content-type': 'application/json' },
    body: { kind: 'object', value: { ...scale, spec: { ...scale.spec, replicas } } },
  })

/** The versions in which a kind is served, the preferred one first. */
function servedVersions(
  { resources }: ServedApi,
  { apiVersion = '', kind }: CrossVersionObjectReference,
): readonly ServedResource[] {
  if ((apiVersion.match(/\//g) ?? []).length > 1) throw new Error(`unexpected GroupVersion string: ${apiVersion}`)
  const group = groupOf(apiVersion)
  const found = resources.filter(({ kind: { gvk } }) => gvk.group === group && gvk.kind === kind)
  if (found.length === 0)
    throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`)
  return found.toSorted((a, b) => Number(b.preferred) - Number(a.preferred))
}

async function send<T>(client: Client, request: Parameters<Client['request']>[0]): Promise<T> {
  const response = await client.request(request)
  const answer = (await answerOf(response)) ?? {}
  if (response.status >= 400) throw StatusError.from(answer, response.status)
  return answer as T
}
