import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClusterRole, PolicyRule } from '../../api/rbac/v1/index.js'
import { gatheredRules } from './cluster-role-aggregation.js'

const rule = (resource: string): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: [resource] })
const role = (name: string, labels: { [key: string]: string }, ...rules: PolicyRule[]) =>
  ({ metadata: { name, labels }, rules }) as unknown as ClusterRole
const gatherer = (...selectors: { matchLabels: { [key: string]: string } }[]): ClusterRole => ({
  ...role('all', { part: 'x' }, rule('old')),
  aggregationRule: { clusterRoleSelectors: selectors },
})

describe('gathered rules', () => {
  const roles = [
    role('b', { part: 'x' }, rule('pods'), rule('nodes')),
    role('a', { part: 'x' }, rule('secrets'), rule('pods')),
    role('c', { part: 'y' }, rule('services')),
    role('d', {}, rule('jobs')),
    gatherer({ matchLabels: { part: 'x' } }),
  ]
  const cases: readonly (readonly [string, ClusterRole, readonly string[]])[] = [
    ['by name, each once, never its own', gatherer({ matchLabels: { part: 'x' } }), ['secrets', 'pods', 'nodes']],
    [
      'by any of the selectors',
      gatherer({ matchLabels: { part: 'x' } }, { matchLabels: { part: 'y' } }),
      ['secrets', 'pods', 'nodes', 'services'],
    ],
    ['of nobody', gatherer({ matchLabels: { part: 'z' } }), []],
    ['without selectors', gatherer(), []],
  ]
  for (const [name, gathers, expected] of cases)
    it(name, () =>
      assert.deepEqual(
        gatheredRules(gathers, roles).map(({ resources }) => resources?.[0]),
        expected,
      ),
    )
})
