import type { APIResourceDiscovery } from '../../api/apidiscovery/v2/index.js'
import type { Resource, Subresource } from '../../machinery/resource.js'
import type { GroupVersionKind } from '../../schema/index.js'
import { isBuiltIn, localPriority, type Priority } from './priorities.js'

export interface Version {
  readonly version: string
  /** Those that this server serves itself. */
  readonly resources: readonly Resource[]
  /** There if another server serves the version. */
  readonly remote?: RemoteVersion | undefined
}

/** One group in the order clients see it; its versions in order, too. */
export interface Group {
  readonly name: string
  readonly versions: readonly Version[]
}

/** What another server says it serves. */
export interface RemoteVersion {
  readonly resources: readonly APIResourceDiscovery[]
  /** Whether it says so now, or did before it stopped answering. */
  readonly freshness: 'Current' | 'Stale'
}

/** A version that is registered as an API service. */
export interface Registration extends Priority {
  readonly group: string
  readonly version: string
  readonly remote?: RemoteVersion
}

/** What breaks ties between groups of the same priority: their own names, or those of their API services. */
export type GroupOrder = 'names' | 'services'

interface Ranked extends Version, Priority {
  readonly group: string
  readonly service: string
}

/** All that is served here, and all that is registered, whoever serves it. */
export function groupsOf(
  resources: readonly Resource[],
  registrations: readonly Registration[] = [],
  order: GroupOrder = 'names',
): Group[] {
  const versions = new Map<string, Ranked & { readonly resources: Resource[] }>()
  const add = (group: string, version: string, priority: Priority, remote?: RemoteVersion) => {
    const service = `${version}.${group}`
    const { groupPriorityMinimum, versionPriority } = priority
    const added = { group, version, service, groupPriorityMinimum, versionPriority, remote, resources: [] }
    versions.set(service, added)
    return added
  }
  for (const { group, version, remote, ...priority } of registrations) add(group, version, priority, remote)
  for (const resource of resources) {
    const { group, version } = resource.kind.gvk
    const known = versions.get(`${version}.${group}`) ?? add(group, version, localPriority(group, version))
    if (!known.remote) (known.resources as Resource[]).push(resource)
  }
  const groups = new Map<string, Ranked[]>()
  for (const version of versions.values()) {
    version.resources.sort((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1))
    const others = groups.get(version.group)
    if (others) others.push(version)
    else groups.set(version.group, [version])
  }
  return [...groups]
    .map(([name, versions]) => ({ name, place: placeOf(name, versions, order), versions: versions.sort(byPriority) }))
    .sort(({ place: a }, { place: b }) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(({ name, versions }) => ({ name, versions }))
}

const byPriority = (a: Ranked, b: Ranked): number =>
  b.versionPriority - a.versionPriority || compareVersions(b.version, a.version)

/** A group is where the version is that wants to be first. */
function placeOf(name: string, versions: readonly Ranked[], order: GroupOrder) {
  const priority = Math.max(...versions.map(({ groupPriorityMinimum }) => groupPriorityMinimum))
  if (order === 'names') return { priority, name }
  const services = versions
    .filter(({ groupPriorityMinimum }) => groupPriorityMinimum === priority)
    .map(({ service }) => service)
    .sort()
  return { priority, name: services[0] ?? name }
}

/** Orders API versions: v2 > v1 > v1beta2 > v1beta1 > v1alpha1 > anything else, by name. */
export function compareVersions(a: string, b: string): number {
  const parts = (version: string): readonly [number, number, number] | undefined => {
    const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version)
    if (!match) return undefined
    return [match[2] === 'alpha' ? 0 : match[2] === 'beta' ? 1 : 2, Number(match[1]), Number(match[3] ?? 0)]
  }
  const left = parts(a)
  const right = parts(b)
  if (!left || !right) return left ? 1 : right ? -1 : a < b ? 1 : a > b ? -1 : 0
  for (const i of [0, 1, 2] as const) if (left[i] !== right[i]) return left[i] - right[i]
  return 0
}

/** `apps/v1`, and plain `v1` for the core group. */
export const groupVersion = (group: string, version: string): string => (group ? `${group}/${version}` : version)

/** Where a group's version is served, without the slash at the beginning: `apis/apps/v1`. */
export const rootOf = ({ group, version }: GroupVersionKind): string =>
  group ? `apis/${group}/${version}` : `api/${version}`

/** The kind that a subresource's requests and answers carry. */
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

/** Verbs as discovery lists them: of custom resources in the order they were declared in, else by name. */
export const listedVerbs = (group: string, verbs: readonly string[]): readonly string[] =>
  isBuiltIn(group) ? verbs.toSorted() : verbs
