import { resources as builtIn } from '../../api/resources.js'
import type { Resource, Subresource } from '../../machinery/resource.js'
import type { GroupVersionKind } from '../../schema/index.js'

export interface Version {
  readonly version: string
  readonly resources: readonly Resource[]
}

/** One group in the order clients see it; its versions newest first. */
export interface Group {
  readonly name: string
  readonly versions: readonly Version[]
}

/** Upstream's priorities of the groups that come with the server: the order of the catalogue. */
const priorities = new Map([...new Set(builtIn.map(({ kind }) => kind.gvk.group))].map((name, i) => [name, i]))
const rank = (name: string): number => priorities.get(name) ?? priorities.size

/** Whether a group comes with the server; others are those of custom resources. */
export const isBuiltIn = (group: string): boolean => priorities.has(group)

/** Groups that come with the server first, by priority; then those of custom resources, by name. */
export function groupsOf(resources: readonly Resource[]): Group[] {
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
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1))
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
