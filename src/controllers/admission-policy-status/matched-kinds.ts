import type { ValidatingAdmissionPolicySpec } from '../../api/admissionregistration/v1/index.js'
import { compareText } from '../../machinery/compare-text.js'
import type { GroupVersionKind } from '../../schema/index.js'

/** Kinds that are checked at most. */
const mostKinds = 10

/** Answers the kind that is served as a resource; undefined if none is. */
export type KindOf = (group: string, version: string, resource: string) => GroupVersionKind | undefined

type Rule = NonNullable<NonNullable<ValidatingAdmissionPolicySpec['matchConstraints']>['resourceRules']>[number]

/**
 * The kinds that a policy names, by group, version and kind, ten at most of one rule. A rule with a wildcard for groups or
 * versions names none; of resources, wildcards and subresources are left out.
 */
export function matchedKinds(
  { matchConstraints }: Pick<ValidatingAdmissionPolicySpec, 'matchConstraints'>,
  kindOf: KindOf,
): GroupVersionKind[] {
  const found = new Map<string, GroupVersionKind>()
  for (const rule of matchConstraints?.resourceRules ?? []) {
    let count = 0
    for (const { group, version, resource } of namedResources(rule)) {
      const gvk = kindOf(group, version, resource)
      if (!gvk) continue
      found.set(`${gvk.group}/${gvk.version}/${gvk.kind}`, gvk)
      if (++count === mostKinds) return sorted([...found.values()])
    }
  }
  return sorted([...found.values()])
}

/** The groups that a policy names, of its objects and of its parameters. */
export function namedGroups({ matchConstraints, paramKind }: ValidatingAdmissionPolicySpec): ReadonlySet<string> {
  const groups = (matchConstraints?.resourceRules ?? []).flatMap(rule => [...(rule.apiGroups ?? [])])
  const { apiVersion } = paramKind ?? {}
  return new Set([...groups, ...(apiVersion?.includes('/') ? [apiVersion.slice(0, apiVersion.indexOf('/'))] : [])])
}

function namedResources({ apiGroups, apiVersions, resources }: Rule) {
  const groups = withoutWildcards(apiGroups)
  const versions = withoutWildcards(apiVersions)
  const names = (resources ?? []).filter(name => !/[*/]/.test(name)).toSorted()
  return groups.flatMap(group => versions.flatMap(version => names.map(resource => ({ group, version, resource }))))
}

const withoutWildcards = (names: readonly string[] | null | undefined): readonly string[] =>
  names?.some(name => name.includes('*')) ? [] : (names ?? []).toSorted()

const sorted = (kinds: readonly GroupVersionKind[]): GroupVersionKind[] =>
  kinds.toSorted(
    (a, b) => compareText(a.group, b.group) || compareText(a.version, b.version) || compareText(a.kind, b.kind),
  )
