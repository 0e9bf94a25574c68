import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PolicyRule } from '../../../api/rbac/v1/index.js'
import { allow, urls } from '../bootstrap-policy/rule.js'
import { ruleText } from './describe.js'
import { compactRules, missingRights } from './rule-coverage.js'

const missing = (held: readonly PolicyRule[], asked: readonly PolicyRule[]): string[] =>
  compactRules(missingRights(held, asked)).map(ruleText)

describe('rights beyond those held', () => {
  const cases: readonly (readonly [string, readonly PolicyRule[], readonly PolicyRule[], readonly string[]])[] = [
    ['the same', [allow('get', 'core', 'pods')], [allow('get', 'core', 'pods')], []],
    [
      'nothing held',
      [],
      [allow('get list', 'core', 'pods')],
      ['{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'],
    ],
    ['stars cover', [allow('*', '*', '*')], [allow('get', 'apps', 'deployments/scale', 'web')], []],
    [
      'a star is more than every word',
      [allow('get list', 'core', 'pods')],
      [allow('*', 'core', 'pods')],
      ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
    ],
    [
      'part of a product of words',
      [allow('get', 'core', 'pods services')],
      [allow('get list', 'core', 'pods services')],
      [
        '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}',
        '{APIGroups:[""], Resources:["services"], Verbs:["list"]}',
      ],
    ],
    [
      'rules together',
      [allow('get', 'core', 'pods'), allow('list', 'core', 'pods')],
      [allow('get list', 'core', 'pods')],
      [],
    ],
    ['names are less than all', [allow('get', 'core', 'pods')], [allow('get', 'core', 'pods', 'a')], []],
    [
      'all are more than names',
      [allow('get', 'core', 'pods', 'a b')],
      [allow('get', 'core', 'pods')],
      ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
    ],
    [
      'other names',
      [allow('get', 'core', 'pods', 'a')],
      [allow('get', 'core', 'pods', 'a b')],
      ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
    ],
    ['a subresource of all', [allow('get', '*', '*/scale')], [allow('get', 'apps', 'deployments/scale')], []],
    [
      'resources without their subresources',
      [allow('get', 'core', 'pods')],
      [allow('get', 'core', 'pods/log')],
      ['{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}'],
    ],
    ['paths', [urls('get', '/healthz/*')], [urls('get', '/healthz/etcd /healthz/*')], []],
    [
      'other paths',
      [urls('get', '/healthz')],
      [urls('get', '/metrics')],
      ['{NonResourceURLs:["/metrics"], Verbs:["get"]}'],
    ],
    [
      'paths are no resources',
      [allow('*', '*', '*')],
      [urls('get', '/x')],
      ['{NonResourceURLs:["/x"], Verbs:["get"]}'],
    ],
  ]
  for (const [name, held, asked, expected] of cases) it(name, () => assert.deepEqual(missing(held, asked), expected))
})
