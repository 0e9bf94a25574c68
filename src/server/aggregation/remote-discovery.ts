import type { APIResourceDiscovery } from '../../api/apidiscovery/v2/index.js'
import { APIGroupDiscoveryList } from '../../api/apidiscovery/v2/index.js'
import { type APIResource, APIResourceList } from '../../machinery/meta/index.js'
import { decodeJson, parseJson } from '../../schema/index.js'

/** What is asked for: all in one document, in the form that either age of servers has. */
export const aggregatedForms = ['v2', 'v2beta1']
  .map(version => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',')

/** The resources of a version in a server's aggregated discovery; none if it is not in there. Throws for other documents. */
export function resourcesInAggregated(document: string, group: string, version: string): APIResourceDiscovery[] {
  const value = parseJson(document) as { kind?: unknown }
  if (value.kind !== APIGroupDiscoveryList.gvk.kind) throw new Error('the discovery document is of another kind')
  const { items } = decodeJson(APIGroupDiscoveryList, value) as APIGroupDiscoveryList
  const found = items
    .find(({ metadata }) => (metadata.name ?? '') === group)
    ?.versions?.find(candidate => candidate.version === version)
  return [...(found?.resources ?? [])]
}

/** The resources of a version in its plain list, which older servers have. Throws for other documents. */
export function resourcesInList(document: string, group: string, version: string): APIResourceDiscovery[] {
  const value = parseJson(document) as { kind?: unknown }
  if (value.kind !== APIResourceList.gvk.kind) throw new Error('the discovery document is of another kind')
  const list = (decodeJson(APIResourceList, value) as APIResourceList).resources ?? []
  const kindOf = (listed: APIResource) => ({
    group: listed.group || group,
    version: listed.version || version,
    kind: listed.kind,
  })
  return list
    .filter(({ name }) => !name.includes('/'))
    .map(listed => {
      const subresources = list
        .filter(({ name }) => name.startsWith(`${listed.name}/`))
        .map(sub => ({
          subresource: sub.name.slice(listed.name.length + 1),
          responseKind: kindOf(sub),
          verbs: [...sub.verbs],
        }))
      return {
        resource: listed.name,
        responseKind: kindOf(listed),
        scope: listed.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: listed.singularName,
        verbs: [...listed.verbs],
        ...(listed.shortNames?.length ? { shortNames: [...listed.shortNames] } : {}),
        ...(listed.categories?.length ? { categories: [...listed.categories] } : {}),
        ...(subresources.length > 0 ? { subresources } : {}),
      }
    })
}
