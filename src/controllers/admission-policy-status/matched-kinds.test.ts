import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { matchedKinds, namedGroups } from './matched-kinds.js'

const rule = (apiGroups: string[], apiVersions: string[], resources: string[]) => ({
  apiGroups,
  apiVersions,
  resources,
  operations: ['CREATE'],
})
const policy = (...resourceRules: ReturnType<typeof rule>[]) => ({ matchConstraints: { resourceRules } }) as never
/** Serves everything but what is called `none`; `things` are of the kind Thing. */
const kindOf = (group: string, version: string, resource: string) =>
  resource === 'none' ? undefined : { group, version, kind: resource.slice(0, 1).toUpperCase() + resource.slice(1, -1) }

describe('the kinds that are checked', () => {
  const many = Array.from({ length: 12 }, (_, i) => `r${String.fromCharCode(97 + i)}s`)
  const cases: readonly (readonly [string, never, readonly string[]])[] = [
    ['none without rules', {} as never, []],
    [
      'in order, each once',
      policy(rule(['apps', ''], ['v1'], ['pods', 'deployments', 'pods']), rule(['apps'], ['v1'], ['deployments'])),
      ['/v1 Deployment', '/v1 Pod', 'apps/v1 Deployment', 'apps/v1 Pod'],
    ],
    ['not those of any group', policy(rule(['*'], ['v1'], ['pods'])), []],
    ['not those of any version', policy(rule(['apps'], ['v1', '*'], ['deployments'])), []],
    [
      'not any resource, nor subresources',
      policy(rule(['apps'], ['v1'], ['*', 'deployments/scale', '*/x', 'a'])),
      ['apps/v1 A'],
    ],
    ['not what is not served', policy(rule(['apps'], ['v1'], ['none', 'deployments'])), ['apps/v1 Deployment']],
    [
      'ten of a rule at most, and none of those after',
      policy(rule([''], ['v1'], many), rule(['x'], ['v1'], ['ys'])),
      many.slice(0, 10).map(name => `/v1 R${name.slice(1, -1)}`),
    ],
  ]
  for (const [title, spec, expected] of cases)
    it(title, () =>
      assert.deepEqual(
        matchedKinds(spec, kindOf).map(({ group, version, kind }) => `${group}/${version} ${kind}`),
        expected,
      ),
    )

  it('are of the groups that rules and parameters name', () => {
    const { matchConstraints } = policy(rule(['apps', ''], ['v1'], ['a'])) as { matchConstraints: never }
    assert.deepEqual(
      [...namedGroups({ matchConstraints, paramKind: { apiVersion: 'example.com/v1', kind: 'A' } } as never)],
      ['apps', '', 'example.com'],
    )
    assert.deepEqual([...namedGroups({ paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } as never)], [])
  })
})
