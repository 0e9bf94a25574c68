import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { Namespace } from '../../api/core/v1/index.js'
import { ClusterRole, type PolicyRule, RoleBinding, type Subject } from '../../api/rbac/v1/index.js'
import { resources } from '../../api/resources.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import type { UserInfo } from '../../machinery/http.js'
import { accountGroups, accountUser, authenticatedGroup } from '../authentication/user-names.js'
import { until } from '../test-server.js'
import type { AccessRequest } from './access-request.js'
import type { Authorizer } from './authorizer.js'
import {
  bootstrapClusterRoleBindings,
  bootstrapClusterRoles,
  bootstrapRoleBindings,
  bootstrapRoles,
} from './bootstrap-policy/index.js'
import { authorizationOf } from './modes.js'

const verbs = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  ...['impersonate', 'bind', 'escalate', 'approve'],
]
const namespaces = ['', 'kube-system', 'kube-public', 'work']
const group = 'rbac.authorization.k8s.io'

const person = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, authenticatedGroup] })
const account = (name: string): UserInfo =>
  person(accountUser({ namespace: 'kube-system', name }), ...accountGroups('kube-system'))

/** Those whom bindings name, and those whom they should not. */
const accounts = [...bootstrapClusterRoleBindings, ...bootstrapRoleBindings]
  .flatMap(({ subjects = [] }) => subjects ?? [])
  .filter(({ kind }) => kind === 'ServiceAccount')
  .map(({ name }) => name)
const identities: readonly UserInfo[] = [
  { name: 'system:anonymous', groups: ['system:unauthenticated'] },
  person('somebody'),
  person('kubernetes-admin', 'system:masters'),
  person('monitor', 'system:monitoring'),
  ...['system:kube-controller-manager', 'system:kube-scheduler', 'system:kube-proxy'].map(name => person(name)),
  person(accountUser({ namespace: 'work', name: 'default' }), ...accountGroups('work')),
  ...[...new Set([...accounts, 'default'])].map(account),
  ...['admin', 'edit', 'view'].map(role => person(`has-${role}`)),
]

/** What cluster roles say, those that are put together from others included. */
function rulesOfClusterRole(name: string): readonly PolicyRule[] {
  const role = bootstrapClusterRoles.find(({ metadata }) => metadata.name === name)
  assert.ok(role, name)
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? []
  const parts = bootstrapClusterRoles.filter(({ metadata }) =>
    selectors.some(({ matchLabels = {} }) =>
      Object.entries(matchLabels).every(([key, value]) => metadata.labels?.[key] === value),
    ),
  )
  return [...(role.rules ?? []), ...parts.flatMap(({ metadata }) => rulesOfClusterRole(metadata.name ?? ''))]
}

const names = (user: UserInfo, { kind, name, namespace }: Subject): boolean =>
  kind === 'Group'
    ? user.groups.includes(name)
    : user.name === (kind === 'User' ? name : `system:serviceaccount:${namespace}:${name}`)

/** The rules that a user has in a namespace, or in the cluster as a whole. */
function rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[] {
  if (user.groups.includes('system:masters'))
    return [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ]
  const everywhere = bootstrapClusterRoleBindings
    .filter(({ subjects }) => subjects?.some(subject => names(user, subject)))
    .flatMap(({ roleRef }) => rulesOfClusterRole(roleRef.name))
  const here = bootstrapRoleBindings
    .filter(({ metadata, subjects }) => metadata.namespace === namespace && subjects?.some(one => names(user, one)))
    .flatMap(({ roleRef }) =>
      bootstrapRoles
        .filter(({ metadata }) => metadata.namespace === namespace && metadata.name === roleRef.name)
        .flatMap(({ rules }) => rules ?? []),
    )
  const own = namespace === 'work' && user.name.startsWith('has-') ? rulesOfClusterRole(user.name.slice(4)) : []
  return [...everywhere, ...here, ...own]
}

const has = (list: readonly string[] | null | undefined, ...wanted: string[]): boolean =>
  list?.some(one => one === '*' || wanted.includes(one)) ?? false

const allowsResource = (rule: PolicyRule, verb: string, resource: ResourceInfo): boolean => {
  const { plural, subresource, name } = resource
  const wanted = subresource ? [`${plural}/${subresource}`, `*/${subresource}`] : [plural]
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.resources, ...wanted) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  )
}

const allowsPath = ({ verbs, nonResourceURLs }: PolicyRule, verb: string, path: string): boolean =>
  has(verbs, verb) &&
  (nonResourceURLs?.some(url => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) ?? false)

type ResourceInfo = NonNullable<AccessRequest['resource']>

interface Place {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly subresource: string
  readonly namespaced: boolean
}

const places: readonly Place[] = resources.flatMap(({ kind, subresources }) =>
  ['', ...subresources.map(({ name }) => name)].map(subresource => ({
    group: kind.gvk.group,
    version: kind.gvk.version,
    plural: kind.plural,
    subresource,
    namespaced: kind.namespaced,
  })),
)

/** Every question about a resource that is told from others by some rule. */
function* questions(): Generator<AccessRequest & { readonly resource: ResourceInfo }> {
  const special = [
    ...new Set(bootstrapRoles.flatMap(({ rules }) => rules ?? []).flatMap(one => one.resourceNames ?? [])),
  ]
  for (const { namespaced, ...place } of places)
    for (const namespace of namespaced ? namespaces : [''])
      for (const name of ['', 'x', ...(place.plural === 'configmaps' ? special : [])])
        for (const verb of verbs) yield { verb, path: '', resource: { ...place, namespace, name, rest: '' } }
}

describe('every identity may do what its roles say, and nothing else', () => {
  let plane: ControlPlane
  let authorizer: Authorizer
  const decide = async (user: UserInfo, request: AccessRequest): Promise<boolean> =>
    (await authorizer.authorize(user, request)).verdict === 'allow'

  before(async () => {
    plane = await ControlPlane.start({ port: false, scheduler: false })
    await plane.client.create(Namespace, { metadata: { name: 'work' } })
    for (const name of ['admin', 'edit', 'view']) {
      await plane.client.create(RoleBinding, {
        metadata: { namespace: 'work', name },
        subjects: [{ kind: 'User', apiGroup: group, name: `has-${name}` }],
        roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      })
      const gathered = async () => {
        const { rules } = await plane.client.get(ClusterRole, { name })
        return rulesOfClusterRole(name).every(rule => rules?.some(one => isDeepStrictEqual({ ...one }, { ...rule })))
      }
      await until(gathered, `the rules of ${name}`)
    }
    ;({ authorizer } = authorizationOf(['Node', 'RBAC'], plane.server.registries))
  })
  after(() => plane[Symbol.asyncDispose]())

  for (const user of identities)
    it(user.name, async () => {
      const rules = new Map(namespaces.map(namespace => [namespace, rulesOf(user, namespace)]))
      const differing: string[] = []
      for (const request of questions()) {
        const { verb, resource } = request
        const expected = rules.get(resource.namespace)?.some(rule => allowsResource(rule, verb, resource)) ?? false
        if ((await decide(user, request)) !== expected)
          differing.push(`${expected ? 'refused' : 'allowed'}: ${verb} ${JSON.stringify(resource)}`)
      }
      for (const path of paths)
        for (const verb of ['get', 'post', 'put', 'delete']) {
          const expected = rules.get('')?.some(rule => allowsPath(rule, verb, path)) ?? false
          if ((await decide(user, { verb, path })) !== expected)
            differing.push(`${expected ? 'refused' : 'allowed'}: ${verb} ${path}`)
        }
      assert.deepEqual(differing.slice(0, 5), [])
    })

  it('a node, whose authorizer knows better than its role what is its own', async () => {
    const user = person('system:node:a', 'system:nodes')
    const rules = [...rulesOf(user, ''), ...rulesOfClusterRole('system:node')]
    const differing: string[] = []
    for (const request of questions()) {
      const { verb, resource } = request
      const { plural, subresource } = resource
      const special = ofOthers[subresource ? `${plural}/${subresource}` : plural]
      const expected = special ? special.includes(verb) : rules.some(rule => allowsResource(rule, verb, resource))
      if ((await decide(user, request)) !== expected)
        differing.push(`${expected ? 'refused' : 'allowed'}: ${verb} ${JSON.stringify(resource)}`)
    }
    assert.deepEqual(differing.slice(0, 5), [])
    for (const [verb, group, plural, namespace] of [
      ['get', '', 'nodes', ''],
      ['watch', '', 'nodes', ''],
      ['update', 'coordination.k8s.io', 'leases', 'kube-node-lease'],
      ['delete', 'storage.k8s.io', 'csinodes', ''],
    ] as const)
      for (const name of ['a', 'b']) {
        const resource = { group, version: 'v1', plural, subresource: '', namespace, name, rest: '' }
        assert.equal(await decide(user, { verb, path: '', resource }), name === 'a', `${verb} ${plural} ${name}`)
      }
  })

  it('the server asks, and does as it is told', async () => {
    const listed = places.filter(({ subresource, plural, version, group }) => {
      const found = plane.server.registries.find(group, version, plural)
      return !subresource && found?.resource.verbs.includes('list')
    })
    for (const user of identities)
      for (const { group, version, plural } of listed) {
        const rules = rulesOf(user, '')
        const resource = { group, version, plural, subresource: '', namespace: '', name: '', rest: '' }
        const expected = rules.some(rule => allowsResource(rule, 'list', resource))
        const path = `${group ? `/apis/${group}` : '/api'}/${version}/${plural}`
        const { status } = await plane.server.handle({
          method: 'GET',
          path,
          query: new URLSearchParams(),
          headers: {},
          body: { kind: 'none' },
          signal: new AbortController().signal,
          remoteAddress: '',
          user,
        })
        assert.equal(status, expected ? 200 : 403, `${user.name} lists ${path}`)
      }
  })
})

const paths = [
  ...['/', '/api', '/api/', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz', '/livez', '/readyz', '/livez/ping'],
  ...['/metrics', '/version', '/version/', '/openapi/v2', '/openapi/v3', '/openapi/v3/api/v1', '/logs', '/logs/x'],
  ...[
    '/openid/v1/jwks',
    '/openid/v1/jwks/',
    '/.well-known/openid-configuration',
    '/.well-known/x',
    '/flagz',
    '/statusz',
  ],
  ...[
    '/debug/pprof',
    '/debug/api_priority_and_fairness/dump_queues',
    '/nothing',
    '/healthz/',
    '/metrics/slis',
    '/versions',
  ],
]

/** What a node may do with what is not its own, where its role would allow more: it runs no pods. */
const ofOthers: { readonly [resource: string]: readonly string[] } = {
  configmaps: [],
  csinodes: ['create'],
  leases: [],
  nodes: ['create', 'update', 'patch'],
  persistentvolumeclaims: [],
  'persistentvolumeclaims/status': [],
  persistentvolumes: [],
  pods: ['create', 'delete'],
  resourceclaims: [],
  resourceslices: ['create'],
  secrets: [],
  serviceaccounts: [],
  'serviceaccounts/token': [],
  volumeattachments: [],
}
