import { createHash } from 'node:crypto'
import { APIGroupDiscoveryList } from '../../api/apidiscovery/v2/index.js'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { type Conversion, type Media, mediaTypes } from '../../machinery/negotiation.js'
import type { Resource } from '../../machinery/resource.js'
import { encodeObject, type GroupVersionKind } from '../../schema/index.js'
import { yamlText } from '../yaml-text.js'
import { type Group, kindOfSub, listedVerbs } from './groups.js'
import { isBuiltIn } from './priorities.js'

const { group, version, kind } = APIGroupDiscoveryList.gvk

/** Whether the client asks for a root's groups, versions and resources in one document. */
export const isAggregated = (to: Conversion): boolean =>
  to.group === group && to.version === version && to.kind === kind

/**
 * All of a root in one document, with an ETag by which clients keep it:
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
 */
export function aggregated(request: ApiRequest, media: Media, groups: readonly Group[]): ApiResponse {
  const document = {
    kind,
    apiVersion: `${group}/${version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name ? { name } : {},
      versions: versions.map(({ version, resources, remote }) => ({
        version,
        resources: remote?.resources ?? resources.map(describe),
        freshness: remote?.freshness ?? 'Current',
      })),
    })),
  }
  const json = Buffer.from(JSON.stringify(document))
  const etag = `"${createHash('sha512').update(json).digest('hex').toUpperCase()}"`
  const headers = {
    'content-type': `${mediaTypes[media]};g=${group};v=${version};as=${kind}`,
    etag,
    vary: 'Accept',
    'cache-control': 'public',
  }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: { kind: 'none' } }
  const body =
    media === 'protobuf'
      ? encodeObject(APIGroupDiscoveryList, document as never)
      : media === 'yaml'
        ? Buffer.from(yamlText(document))
        : json
  return { status: 200, headers, body: { kind: 'bytes', chunks: [body] } }
}

function describe(resource: Resource) {
  const { kind, singular, shortNames, categories, subresources } = resource
  const own = kind.gvk
  return {
    resource: kind.plural,
    responseKind: relative(own, own),
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: listedVerbs(own.group, resource.verbs),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(subresources.length > 0
      ? {
          subresources: subresources.map(subresource => ({
            subresource: subresource.name,
            responseKind: relative(kindOfSub(resource, subresource), own),
            verbs: listedVerbs(own.group, subresource.verbs),
          })),
        }
      : {}),
  }
}

/** Kinds of the version that lists them go without group and version; custom resources always have both. */
function relative(of: GroupVersionKind, own: GroupVersionKind): GroupVersionKind {
  const { kind } = of
  const same = of.group === own.group && of.version === own.version
  return same && isBuiltIn(own.group)
    ? { group: '', version: '', kind }
    : { group: of.group, version: of.version, kind }
}
