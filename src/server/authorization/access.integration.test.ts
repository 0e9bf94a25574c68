import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestServer, type WireAnswer } from '../test-server.js'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const core = '/api/v1/namespaces/default'
const roles = `${rbac}/namespaces/default/roles`
const bindings = `${rbac}/namespaces/default/rolebindings`

describe('what users may do, over the wire', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
  })

  const send = (method: string, path: string, body?: unknown, as?: string, headers: object = {}): Promise<WireAnswer> =>
    server.http2({
      method,
      path,
      headers: { ...(as ? { 'impersonate-user': as } : {}), ...headers },
      ...(body ? { body } : {}),
    })
  const ok = async (sent: Promise<WireAnswer>): Promise<WireAnswer['json']> => {
    const { status, text, json } = await sent
    assert.ok(status < 300, text)
    return json
  }
  const refused = async (sent: Promise<WireAnswer>, message: string): Promise<void> => {
    const { status, json } = await sent
    assert.deepEqual([status, json.message], [403, message])
  }
  const role = (name: string, rules: object[], more: object = {}) => ({ metadata: { name, ...more }, rules })
  const bind = (name: string, kind: string, ref: string, ...users: string[]) => ({
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: ref },
    subjects: users.map(name => ({ kind: 'User', name })),
  })

  it('is little for who does not say who it is', async () => {
    const get = (path: string) => server.http1({ path, headers: { authorization: '' } })
    assert.equal((await get('/version')).status, 200)
    await refused(get('/api'), 'forbidden: User "system:anonymous" cannot get path "/api"')
    await refused(
      get(`${core}/pods`),
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
    )
    const bad = await server.http2({ path: '/version', headers: { authorization: 'Bearer bad' } })
    assert.deepEqual([bad.status, bad.json.message, bad.headers['www-authenticate']], [401, 'Unauthorized', undefined])
  })

  it('is what roles say, at once', async () => {
    await ok(send('POST', roles, role('reader', [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }])))
    assert.equal((await send('GET', `${core}/pods`, undefined, 'ann')).status, 403)
    await ok(send('POST', bindings, bind('reader', 'Role', 'reader', 'ann')))
    await ok(send('GET', `${core}/pods`, undefined, 'ann'))
    await ok(send('DELETE', `${bindings}/reader`))
    assert.equal((await send('GET', `${core}/pods`, undefined, 'ann')).status, 403)
  })

  it('tells of roles that are missing', async () => {
    await ok(send('POST', bindings, bind('ghost', 'ClusterRole', 'ghost', 'gil')))
    await refused(
      send('GET', `${core}/pods`, undefined, 'gil'),
      'pods is forbidden: User "gil" cannot list resource "pods" in API group "" in the namespace "default": RBAC: clusterrole.rbac.authorization.k8s.io "ghost" not found',
    )
  })

  it('is never more than they have, when they grant it', async () => {
    const rules = [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings'],
        verbs: ['create', 'update', 'patch'],
      },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
    ]
    await ok(send('POST', roles, role('limited', rules)))
    await ok(send('POST', bindings, bind('limited', 'Role', 'limited', 'lim')))
    const pods = (...verbs: string[]) => [{ apiGroups: [''], resources: ['pods'], verbs }]
    await ok(send('POST', roles, role('fine', pods('get')), 'lim'))
    const grants =
      'user "lim" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
    await refused(
      send(
        'POST',
        roles,
        role('more', [...pods('delete', 'get', 'patch'), { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]),
        'lim',
      ),
      `roles.rbac.authorization.k8s.io "more" is forbidden: ${grants}{APIGroups:[""], Resources:["pods"], Verbs:["delete" "patch"]}\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}`,
    )
    await refused(
      send('PUT', `${roles}/fine`, role('fine', pods('delete')), 'lim'),
      `roles.rbac.authorization.k8s.io "fine" is forbidden: ${grants}{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`,
    )
    await refused(
      send('POST', bindings, bind('strong', 'ClusterRole', 'cluster-admin', 'x'), 'lim'),
      `rolebindings.rbac.authorization.k8s.io "strong" is forbidden: ${grants}{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n{NonResourceURLs:["*"], Verbs:["*"]}`,
    )
    await ok(send('POST', bindings, bind('weak', 'Role', 'fine', 'x'), 'lim'))
    const missing = await send('POST', bindings, bind('none', 'Role', 'none', 'x'), 'lim')
    assert.deepEqual([missing.status, missing.json.message], [404, 'roles.rbac.authorization.k8s.io "none" not found'])
    // What only lets an object go grants nothing.
    await ok(send('POST', roles, role('strong', pods('delete'), { finalizers: ['example.com/hold'] })))
    const patch = { 'content-type': 'application/merge-patch+json' }
    await ok(send('PATCH', `${roles}/strong`, { metadata: { finalizers: null } }, 'lim', patch))
    assert.equal(
      (await send('PATCH', `${roles}/strong`, { metadata: { labels: { a: 'b' } } }, 'lim', patch)).status,
      403,
    )
  })

  it('is more when they may escalate or bind', async () => {
    const verbs = ['create', 'escalate', 'bind']
    const rules = [
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings', 'clusterroles'], verbs },
    ]
    await ok(send('POST', `${rbac}/clusterroles`, role('escalator', rules)))
    await ok(send('POST', `${rbac}/clusterrolebindings`, bind('escalator', 'ClusterRole', 'escalator', 'esc')))
    await ok(send('POST', roles, role('escalated', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]), 'esc'))
    await ok(send('POST', bindings, bind('bound', 'ClusterRole', 'cluster-admin', 'x'), 'esc'))
    await ok(send('POST', bindings, bind('early', 'Role', 'not-yet', 'x'), 'esc'))
  })

  it('includes gathering rules only for those who may do everything', async () => {
    const create = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['create'] }
    await ok(send('POST', `${rbac}/clusterroles`, role('creator', [create])))
    await ok(send('POST', `${rbac}/clusterrolebindings`, bind('creator', 'ClusterRole', 'creator', 'cid')))
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { x: 'y' } }] }
    await refused(
      send('POST', `${rbac}/clusterroles`, { ...role('gathers', []), aggregationRule }, 'cid'),
      'clusterroles.rbac.authorization.k8s.io "gathers" is forbidden: must have cluster-admin privileges to use an aggregationRule',
    )
  })

  const whoami = (headers: object) =>
    send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { kind: 'SelfSubjectReview' }, undefined, headers)

  it('is that of another, whom they may act as', async () => {
    const { status } = await ok(
      whoami({
        'impersonate-user': 'ann',
        'impersonate-uid': '7',
        'impersonate-group': 'dev',
        'impersonate-extra-Acme%2Fx': 'y',
      }),
    )
    assert.deepEqual(status.userInfo, {
      username: 'ann',
      uid: '7',
      groups: ['dev', 'system:authenticated'],
      extra: { 'acme/x': ['y'] },
    })
    const account = await ok(whoami({ 'impersonate-user': 'system:serviceaccount:default:robot' }))
    assert.deepEqual(account.status.userInfo.groups, [
      'system:serviceaccounts',
      'system:serviceaccounts:default',
      'system:authenticated',
    ])
    await refused(
      server.http2({
        path: `${core}/pods`,
        headers: { authorization: 'Bearer other-token', 'impersonate-user': 'ann' },
      }),
      'users "ann" is forbidden: User "other" cannot impersonate resource "users" in API group "" at the cluster scope',
    )
    const nobody = await whoami({ 'impersonate-group': 'dev' })
    assert.deepEqual(
      [nobody.status, nobody.text],
      [
        500,
        'Internal Server Error: "/apis/authentication.k8s.io/v1/selfsubjectreviews": requested [{Group  dev    }] without impersonating a user\n',
      ],
    )
  })

  it('is that of another for some actions alone', async () => {
    const rules = [
      {
        apiGroups: ['authentication.k8s.io'],
        resources: ['users'],
        resourceNames: ['dora'],
        verbs: ['impersonate:user-info'],
      },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['impersonate-on:user-info:list'] },
    ]
    await ok(send('POST', `${rbac}/clusterroles`, role('some', rules)))
    await ok(send('POST', `${rbac}/clusterrolebindings`, bind('some', 'ClusterRole', 'some', 'other')))
    const reads = [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['list'] }]
    await ok(send('POST', roles, role('dora', reads)))
    await ok(send('POST', bindings, bind('dora', 'Role', 'dora', 'dora')))
    const as = (path: string, user: string) =>
      server.http2({
        path: `${core}/${path}`,
        headers: { authorization: 'Bearer other-token', 'impersonate-user': user },
      })
    assert.equal((await as('configmaps', 'dora')).status, 200)
    assert.equal((await as('secrets', 'dora')).status, 403)
    assert.equal((await as('configmaps', 'ann')).status, 403)
  })

  it('can be asked about', async () => {
    const review = (kind: string, spec: object, as?: string) =>
      ok(send('POST', `/apis/authorization.k8s.io/v1/${kind}`, { spec }, as))
    const resourceAttributes = { namespace: 'default', verb: 'list', resource: 'secrets' }
    const dora = await review('subjectaccessreviews', { user: 'dora', resourceAttributes })
    assert.deepEqual(dora.status, {
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "dora/default" of Role "dora" to User "dora"',
    })
    assert.equal((await review('selfsubjectaccessreviews', { resourceAttributes }, 'eve')).status.allowed, false)
    const node = await review('subjectaccessreviews', {
      user: 'system:node:n1',
      groups: ['system:nodes'],
      resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector: { rawSelector: 'spec.nodeName=n1' } },
    })
    assert.equal(node.status.allowed, true)
    const rules = await review('selfsubjectrulesreviews', { namespace: 'default' }, 'dora')
    assert.ok(
      rules.status.resourceRules.some(({ resources }: { resources: string[] }) => resources.includes('secrets')),
    )
    assert.equal(rules.status.incomplete, false)
  })
})
