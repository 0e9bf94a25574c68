import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from '../../../api/rbac/v1/index.js'
import type { UserInfo } from '../../../machinery/http.js'
import type { AccessRequest } from '../access-request.js'
import type { Decision } from '../authorizer.js'
import { allow, urls } from '../bootstrap-policy/rule.js'
import { rbacAuthorizer } from './rbac-authorizer.js'
import { RbacIndex } from './rbac-index.js'

const role = (name: string, rules: readonly PolicyRule[], namespace?: string) =>
  ({
    kind: namespace ? 'Role' : 'ClusterRole',
    metadata: { name, ...(namespace ? { namespace } : {}) },
    rules,
  }) as Role & ClusterRole
const binding = (name: string, kind: string, ref: string, subjects: readonly Subject[], namespace?: string) =>
  ({
    metadata: { name, ...(namespace ? { namespace } : {}) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: ref },
    subjects,
  }) as RoleBinding & ClusterRoleBinding
const user = (name: string): Subject => ({ kind: 'User', name })
const group = (name: string): Subject => ({ kind: 'Group', name })

/** `verb group/resource[/subresource] [namespace] [name]`, or `verb /path`. */
function request(text: string): AccessRequest {
  const [verb = '', what = '', namespace = '-', name = ''] = text.split(' ')
  if (what.startsWith('/')) return { verb, path: what }
  const [apiGroup = '', plural = '', subresource = ''] = what.split('/')
  return {
    verb,
    path: '',
    resource: {
      group: apiGroup === 'core' ? '' : apiGroup,
      version: 'v1',
      plural,
      subresource,
      namespace: namespace === '-' ? '' : namespace,
      name,
      rest: '',
    },
  }
}

function index(): RbacIndex {
  const index = new RbacIndex()
  index.setRole(role('reader', [allow('get list watch', 'core apps', 'pods deployments')]))
  index.setRole(role('all', [allow('*', '*', '*'), urls('*', '*')]))
  index.setRole(role('scaler', [allow('get update', '*', '*/scale')]))
  index.setRole(role('health', [urls('get', '/healthz /livez/*')]))
  index.setRole(
    role('named', [allow('get update', 'core', 'configmaps', 'one two'), allow('create', 'core', 'configmaps')], 'a'),
  )
  index.setRole(role('logs', [allow('get', 'core', 'pods/log')], 'a'))
  index.setBinding(binding('admins', 'ClusterRole', 'all', [group('admins')]))
  index.setBinding(binding('readers', 'ClusterRole', 'reader', [user('ann')]))
  index.setBinding(binding('local', 'ClusterRole', 'reader', [user('bob'), group('dev')], 'a'))
  index.setBinding(binding('named', 'Role', 'named', [user('bob')], 'a'))
  index.setBinding(binding('logs', 'Role', 'logs', [{ kind: 'ServiceAccount', name: 'robot', namespace: 'b' }], 'a'))
  index.setBinding(binding('own', 'Role', 'logs', [{ kind: 'ServiceAccount', name: 'own' }], 'a'))
  index.setBinding(binding('scaler', 'ClusterRole', 'scaler', [user('sam')]))
  index.setBinding(binding('health', 'ClusterRole', 'health', [group('system:unauthenticated')]))
  index.setBinding(binding('ghost', 'ClusterRole', 'ghost', [user('gil')]))
  index.setBinding(binding('ghost', 'Role', 'spook', [user('gil')], 'a'))
  return index
}

const decide = (index: RbacIndex, who: UserInfo, what: string): Decision =>
  rbacAuthorizer(() => index).authorize(who, request(what)) as Decision
const is = (name: string, ...groups: string[]): UserInfo => ({ name, groups })

describe('RBAC', () => {
  const cases: readonly (readonly [UserInfo, string, boolean])[] = [
    [is('root', 'admins'), 'delete core/nodes', true],
    [is('root', 'admins'), 'anything example.com/things/part x y', true],
    [is('root', 'admins'), 'get /metrics', true],
    [is('admins'), 'get core/nodes', false],
    [is('ann'), 'list core/pods', true],
    [is('ann'), 'list core/pods a', true],
    [is('ann'), 'get apps/deployments a web', true],
    [is('ann'), 'get core/pods/log a web', false],
    [is('ann'), 'delete core/pods a web', false],
    [is('ann'), 'get batch/pods a web', false],
    [is('bob'), 'list core/pods a', true],
    [is('bob'), 'list core/pods', false],
    [is('bob'), 'list core/pods b', false],
    [is('dan', 'dev'), 'watch core/pods a', true],
    [is('bob'), 'get core/configmaps a one', true],
    [is('bob'), 'get core/configmaps a three', false],
    [is('bob'), 'list core/configmaps a', false],
    [is('bob'), 'list core/configmaps a one', false],
    [is('bob'), 'create core/configmaps a', true],
    [is('bob'), 'create core/configmaps a three', true],
    [is('system:serviceaccount:b:robot'), 'get core/pods/log a web', true],
    [is('system:serviceaccount:a:robot'), 'get core/pods/log a web', false],
    [is('system:serviceaccount:a:own'), 'get core/pods/log a web', true],
    [is('robot'), 'get core/pods/log a web', false],
    [is('sam'), 'update apps/deployments/scale a web', true],
    [is('sam'), 'update apps/deployments a web', false],
    [is('sam'), 'update apps/scale a web', false],
    [is('x', 'system:unauthenticated'), 'get /healthz', true],
    [is('x', 'system:unauthenticated'), 'get /healthz/etcd', false],
    [is('x', 'system:unauthenticated'), 'get /livez/etcd', true],
    [is('x', 'system:unauthenticated'), 'post /healthz', false],
    [is('nobody'), 'get core/pods a', false],
  ]
  for (const [who, what, allowed] of cases)
    it(`${[who.name, ...who.groups].join(',')} ${allowed ? 'may' : 'may not'} ${what}`, () =>
      assert.equal(decide(index(), who, what).verdict, allowed ? 'allow' : 'none'))

  it('says by what it allows', () => {
    const rows: readonly (readonly [UserInfo, string, string])[] = [
      [is('ann'), 'list core/pods', 'ClusterRoleBinding "readers" of ClusterRole "reader" to User "ann"'],
      [is('dan', 'dev'), 'list core/pods a', 'RoleBinding "local/a" of ClusterRole "reader" to Group "dev"'],
      [
        is('system:serviceaccount:b:robot'),
        'get core/pods/log a x',
        'RoleBinding "logs/a" of Role "logs" to ServiceAccount "robot/b"',
      ],
    ]
    for (const [who, what, by] of rows) assert.equal(decide(index(), who, what).reason, `RBAC: allowed by ${by}`)
  })

  it('says which roles are missing', () => {
    const cluster = 'clusterrole.rbac.authorization.k8s.io "ghost" not found'
    assert.equal(decide(index(), is('gil'), 'get core/pods').reason, `RBAC: ${cluster}`)
    assert.equal(
      decide(index(), is('gil'), 'get core/pods a').reason,
      `RBAC: [${cluster}, role.rbac.authorization.k8s.io "spook" not found]`,
    )
    assert.equal(decide(index(), is('nobody'), 'get core/pods').reason, '')
  })

  it('follows changes of roles and bindings', () => {
    const known = index()
    const may = (what: string) => decide(known, is('ann'), what).verdict === 'allow'
    known.setRole(role('reader', [allow('get', 'core', 'secrets')]))
    assert.deepEqual([may('get core/pods'), may('get core/secrets')], [false, true])
    known.deleteRole(role('reader', []))
    assert.equal(may('get core/secrets'), false)
    known.setRole(role('reader', [allow('get', 'core', 'secrets')]))
    assert.equal(may('get core/secrets'), true)
    known.setBinding(binding('readers', 'ClusterRole', 'reader', [user('eve')]))
    assert.equal(may('get core/secrets'), false)
    assert.equal(decide(known, is('eve'), 'get core/secrets').verdict, 'allow')
    known.deleteBinding(binding('readers', 'ClusterRole', 'reader', []))
    assert.equal(decide(known, is('eve'), 'get core/secrets').verdict, 'none')
  })

  it('finds the one role among thousands, as they come and go', () => {
    const known = new RbacIndex()
    for (let i = 0; i < 5000; i++) {
      known.setRole(role(`r${i}`, [allow('get', 'core', 'configmaps', `c${i}`), allow('list', `g${i}`, 'things')], 'a'))
      known.setBinding(binding(`b${i}`, 'Role', `r${i}`, [user('ann')], 'a'))
    }
    const may = (what: string) => decide(known, is('ann'), what).verdict === 'allow'
    assert.ok(may('get core/configmaps a c4999'))
    assert.ok(may('list g17/things a'))
    assert.ok(!may('get core/configmaps a c5000'))
    known.setRole(role('r17', [allow('get', 'core', 'configmaps', 'other')], 'a'))
    assert.ok(!may('list g17/things a') && may('get core/configmaps a other'))
    known.deleteBinding(binding('b18', 'Role', 'r18', [], 'a'))
    assert.ok(!may('list g18/things a'))
    for (let i = 0; i < 4999; i++) known.deleteBinding(binding(`b${i}`, 'Role', `r${i}`, [], 'a'))
    assert.ok(may('list g4999/things a') && !may('list g1/things a'))
  })

  it('never takes words of two lines for two words', () => {
    const known = new RbacIndex()
    known.setRole(role('odd', [{ verbs: ['get'], apiGroups: [''], resources: ['secrets\nroot'] }]))
    known.setBinding(binding('odd', 'ClusterRole', 'odd', [user('ann')]))
    assert.equal(decide(known, is('ann'), 'get core/secrets a root').verdict, 'none')
  })

  it('lists what a user may do', () => {
    const { rules, errors } = rbacAuthorizer(() => index()).rulesFor(is('bob', 'dev'), 'a')
    // One binding counts once, though it names the user twice.
    assert.deepEqual(rules.length, 3)
    assert.deepEqual(errors, [])
    assert.deepEqual(rbacAuthorizer(() => index()).rulesFor(is('gil'), '').errors, [
      'clusterrole.rbac.authorization.k8s.io "ghost" not found',
    ])
  })
})
