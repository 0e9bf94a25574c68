import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import { negotiate } from '../../machinery/negotiation.js'
import type { Resource, Subresource } from '../../machinery/resource.js'
import { StatusError } from '../../machinery/status-error.js'
import type { GroupVersionKind } from '../../schema/index.js'
import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { jsonValue } from '../respond.js'

/** One group in the order clients see it; its versions newest first. */
interface Group {
  readonly name: string
  readonly versions: readonly { readonly version: string; readonly resources: readonly Resource[] }[]
}

const v2 = { group: 'apidiscovery.k8s.io', version: 'v2', kind: 'APIGroupDiscoveryList' }

/** `/api`, `/apis` and below: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
export function discoveryStage(registries: Registries): Stage {
  return async ({ info, request }, next) => {
    if (info.resource || request.method !== 'GET') return next()
    const segments = info.path.split('/').filter(Boolean)
    const [root, group, version, ...more] = segments
    if (more.length > 0 || (root !== 'api' && root !== 'apis')) return next()
    const groups = groupsOf(registries.resources)
    const core = groups.filter(({ name }) => name === '')
    const named = groups.filter(({ name }) => name !== '')
    if (root === 'api') {
      if (group === undefined) return aggregated(request, core) ?? jsonValue(request, 200, coreVersions)
      return version === undefined && group === 'v1' ? resourceList(request, core[0], 'v1') : next()
    }
    if (group === undefined)
      return (
        aggregated(request, named) ??
        jsonValue(request, 200, { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(describeGroup) })
      )
    const found = named.find(({ name }) => name === group)
    if (!found) return next()
    if (version === undefined)
      return jsonValue(request, 200, { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(found) })
    return resourceList(request, found, version)
  }
}

const coreVersions = {
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
}

function groupsOf(resources: readonly Resource[]): Group[] {
  const byGroup = new Map<string, Map<string, Resource[]>>()
  for (const resource of resources) {
    const { group, version } = resource.kind.gvk
    let versions = byGroup.get(group)
    if (!versions) byGroup.set(group, (versions = new Map()))
    const served = versions.get(version)
    if (served) served.push(resource)
    else versions.set(version, [resource])
  }
  return [...byGroup]
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .map(([version, served]) => ({
          version,
          resources: served.toSorted((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1)),
        }))
        .sort((a, b) => compareVersions(b.version, a.version)),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Orders API versions: v2 > v1 > v1beta2 > v1beta1 > v1alpha1 > anything else, by name. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): readonly [number, number, number] | undefined => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (!match) return undefined
    return [match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2, Number(match[1]), Number(match[3] ?? 0)]
  }
  const left = rank(a)
  const right = rank(b)
  if (!left || !right) return left ? 1 : right ? -1 : a < b ? 1 : -1
  for (const i of [0, 1, 2] as const) if (left[i] !== right[i]) return left[i] - right[i]
  return 0
}

const groupVersion = (group: string, version: string): string => (group ? `${group}/${version}` : version)

function describeGroup({ name, versions }: Group): object {
  const listed = versions.map(({ version }) => ({ groupVersion: groupVersion(name, version), version }))
  return { name, versions: listed, preferredVersion: listed[0] }
}

function resourceList(request: ApiRequest, group: Group | undefined, version: string): ApiResponse {
  const found = group?.versions.find(candidate => candidate.version === version)
  if (!group || !found) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
  return jsonValue(request, 200, {
    kind: 'APIResourceList',
    ...(group.name ? { apiVersion: 'v1' } : {}),
    groupVersion: groupVersion(group.name, version),
    resources: found.resources.flatMap(resource => [
      describe(resource),
      ...resource.subresources.map(sub => describeSub(resource, sub)),
    ]),
  })
}

function describe(resource: Resource): object {
  const { kind, singular, shortNames, categories, verbs } = resource
  return {
    name: kind.plural,
    singularName: singular,
    namespaced: kind.namespaced,
    kind: kind.gvk.kind,
    verbs: [...verbs].sort(),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(verbs.includes('list') ? { storageVersionHash: storageHash(kind.gvk) } : {}),
  }
}

/** Changes when objects are stored in another version; clients only compare it. */
const storageHash = ({ group, version, kind }: GroupVersionKind): string =>
  createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64')

function describeSub(resource: Resource, subresource: Subresource): object {
  const gvk = kindOfSub(resource, subresource)
  const own = resource.kind.gvk
  const foreign = gvk.group !== own.group || gvk.version !== own.version
  return {
    name: `${resource.kind.plural}/${subresource.name}`,
    singularName: '',
    namespaced: resource.kind.namespaced,
    ...(foreign ? { group: gvk.group, version: gvk.version } : {}),
    kind: gvk.kind,
    verbs: [...subresource.verbs].sort(),
  }
}

export function kindOfSub(resource: Resource, subresource: Subresource): GroupVersionKind {
  switch (subresource.type) {
    case 'view':
      return resource.kind.gvk
    case 'scale':
      return { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    case 'action':
      return subresource.kind.gvk
    case 'connect':
      return subresource.gvk
  }
}

/** The whole of a root in one document, if the client prefers that. */
function aggregated(request: ApiRequest, groups: readonly Group[]): ApiResponse | undefined {
  const { as } = negotiate(request.headers.accept, {
    media: ['json', 'yaml'],
    converts: to => to.group === v2.group && to.version === v2.version && to.kind === v2.kind,
  })
  if (!as) return undefined
  const document = {
    kind: v2.kind,
    apiVersion: `${v2.group}/${v2.version}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { ...(name ? { name } : {}), creationTimestamp: null },
      versions: versions.map(({ version, resources }) => ({
        version,
        freshness: 'Current',
        resources: resources.map(resource => ({
          resource: resource.kind.plural,
          responseKind: resource.kind.gvk,
          scope: resource.kind.namespaced ? 'Namespaced' : 'Cluster',
          singularResource: resource.singular,
          verbs: [...resource.verbs].sort(),
          ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
          ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
          ...(resource.subresources.length > 0
            ? {
                subresources: resource.subresources
                  .toSorted((a, b) => (a.name < b.name ? -1 : 1))
                  .map(subresource => ({
                    subresource: subresource.name,
                    responseKind: kindOfSub(resource, subresource),
                    verbs: [...subresource.verbs].sort(),
                  })),
              }
            : {}),
        })),
      })),
    })),
  }
  const body = Buffer.from(JSON.stringify(document))
  const etag = `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"`
  const headers = {
    'content-type': `application/json;g=${v2.group};v=${v2.version};as=${v2.kind}`,
    etag,
    vary: 'Accept',
    'cache-control': 'public',
  }
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: { kind: 'none' } }
  return { status: 200, headers, body: { kind: 'bytes', chunks: [body] } }
}
