import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../../machinery/http.js'
import {
  type APIGroup,
  APIGroupList,
  type APIResource,
  APIResourceList,
  APIVersions,
  APIGroup as Group_,
} from '../../machinery/meta/index.js'
import { everyMedia, type Negotiated, negotiate, unacceptableForm } from '../../machinery/negotiation.js'
import type { Resource, Subresource } from '../../machinery/resource.js'
import { StatusError } from '../../machinery/status-error.js'
import type { GroupVersionKind } from '../../schema/index.js'
import type { Stage } from '../pipeline.js'
import type { Registries } from '../registry/registries.js'
import { jsonValue } from '../respond.js'
import { aggregated, isAggregated } from './aggregated.js'
import {
  type Group,
  type GroupOrder,
  groupsOf,
  groupVersion,
  kindOfSub,
  listedVerbs,
  type Registration,
} from './groups.js'
import { isBuiltIn } from './priorities.js'

/** `/api`, `/apis` and below: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api */
export function discoveryStage(registries: Registries, registrations: () => readonly Registration[] = () => []): Stage {
  return async ({ info, request }, next) => {
    if (info.resource) return next()
    const [, root, ...segments] = info.path.replace(/\/$/, '').split('/')
    if (root !== 'api' && root !== 'apis') return next()
    const [group, version] = root === 'api' ? ['', segments[0]] : segments
    if (segments.length > (root === 'api' ? 1 : 2)) return next()
    const groups = (order: GroupOrder) =>
      groupsOf(registries.resources, registrations(), order).filter(({ name }) => (name === '') === (root === 'api'))
    if (segments.length === 0) {
      // Lists of groups are given to whatever method.
      if (root === 'api') checkMethod(request)
      const form = negotiated(request, true)
      if (form.as) return aggregated(request, form.media, groups('names'))
      if (root === 'api') return jsonValue(request, 200, coreVersions(request), APIVersions)
      const list: APIGroupList = {
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: groups('services').map(describeGroup),
      }
      return jsonValue(request, 200, list, APIGroupList)
    }
    const found = groups('services').find(({ name }) => name === group)
    if (!found) return next()
    if (version === undefined) {
      negotiated(request)
      const described: APIGroup = { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(found) }
      return jsonValue(request, 200, described, Group_)
    }
    // Groups that come with the server answer for all their versions, others for those that are served.
    const isServed = found.versions.some(candidate => candidate.version === version && candidate.resources.length > 0)
    return isServed || isBuiltIn(found.name) ? resourceList(request, found, version) : next()
  }
}

function checkMethod({ method }: ApiRequest): void {
  if (method !== 'GET')
    throw new StatusError(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
      {},
    )
}

/** The form the client asks for. Throws the 406 of discovery, which is always the one that lists the media types. */
function negotiated({ headers }: ApiRequest, aggregates = false): Negotiated {
  try {
    return negotiate(headers.accept, aggregates ? { converts: isAggregated } : {})
  } catch {
    throw unacceptableForm(everyMedia)
  }
}

const coreVersions = ({ headers }: ApiRequest): APIVersions => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: headers.host ?? '' }],
})

function describeGroup({ name, versions }: Group) {
  const listed = versions.map(({ version }) => ({ groupVersion: groupVersion(name, version), version }))
  return { name, versions: listed, preferredVersion: listed[0] ?? { groupVersion: '', version: '' } }
}

function resourceList(request: ApiRequest, group: Group, version: string): ApiResponse {
  const found = group.versions.find(candidate => candidate.version === version)
  // What is registered only, or somebody else's, is not served here.
  if (!found || found.resources.length === 0)
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
  checkMethod(request)
  negotiated(request)
  const list: APIResourceList = {
    kind: 'APIResourceList',
    // The core group's list has never said its version.
    ...(group.name ? { apiVersion: 'v1' } : {}),
    groupVersion: groupVersion(group.name, version),
    resources: found.resources.flatMap(resource => [
      describe(resource),
      ...resource.subresources.map(sub => describeSub(resource, sub)),
    ]),
  }
  return jsonValue(request, 200, list, APIResourceList)
}

function describe(resource: Resource): APIResource {
  const { kind, singular, shortNames, categories, verbs, stored, storedAs } = resource
  return {
    name: kind.plural,
    singularName: singular,
    namespaced: kind.namespaced,
    kind: kind.gvk.kind,
    verbs: listedVerbs(kind.gvk.group, verbs),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
    ...(stored ? { storageVersionHash: storageHash((storedAs?.kind ?? kind).gvk) } : {}),
  }
}

/** Changes when objects are stored in another version; clients only compare it. */
const storageHash = ({ group, version, kind }: GroupVersionKind): string =>
  createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64')

function describeSub(resource: Resource, subresource: Subresource): APIResource {
  const gvk = kindOfSub(resource, subresource)
  const own = resource.kind.gvk
  const foreign = gvk.group !== own.group || gvk.version !== own.version
  return {
    name: `${resource.kind.plural}/${subresource.name}`,
    singularName: '',
    namespaced: resource.kind.namespaced,
    ...(foreign ? { group: gvk.group, version: gvk.version } : {}),
    kind: gvk.kind,
    verbs: listedVerbs(own.group, subresource.verbs),
  }
}
