import { ClusterRole, type PolicyRule } from '../../api/rbac/v1/index.js'
import { type Controller, controller, index, watchAlso } from '../../client/controller.js'
import { compareText } from '../../machinery/compare-text.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { selectorFromObject } from '../../machinery/labels.js'

const manager = 'clusterrole-aggregation-controller'

const gathering = index(ClusterRole, ({ aggregationRule }) => (aggregationRule ? ['gathers'] : []))

/**
 * Fills cluster roles that gather their rules from others:
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
export const clusterRoleAggregation: Controller = controller({
  name: 'clusterrole-aggregation',
  watches: {
    for: ClusterRole,
    also: [
      watchAlso(ClusterRole, (_role, _old, cache) =>
        cache.by(gathering, 'gathers').map(({ metadata }) => ({ namespace: '', name: metadata.name ?? '' })),
      ),
    ],
  },
  async reconcile(key, { get, list, client }) {
    const role = get(ClusterRole, key)
    if (!role?.aggregationRule) return undefined
    const rules = gatheredRules(role, list(ClusterRole))
    if (jsonEqual(rules, role.rules ?? [])) return undefined
    const { apiVersion, kind } = role
    const body = { apiVersion, kind, metadata: { name: key.name }, rules }
    await client.patch(ClusterRole, key, { type: 'apply', body, force: true }, { fieldManager: manager })
    return undefined
  },
})

/** The rules of all roles that one of the selectors finds, in the order of their names, each rule once. */
export function gatheredRules(
  { metadata, aggregationRule }: ClusterRole,
  roles: readonly ClusterRole[],
): readonly PolicyRule[] {
  const selectors = (aggregationRule?.clusterRoleSelectors ?? []).map(selectorFromObject)
  const found = roles.filter(
    role => role.metadata.name !== metadata.name && selectors.some(({ matches }) => matches(role.metadata.labels)),
  )
  const distinct = new Map<string, PolicyRule>()
  for (const role of found.toSorted((a, b) => compareText(a.metadata.name ?? '', b.metadata.name ?? '')))
    for (const rule of role.rules ?? []) distinct.set(textOf(rule), rule)
  return [...distinct.values()]
}

const textOf = ({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): string =>
  JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs])
