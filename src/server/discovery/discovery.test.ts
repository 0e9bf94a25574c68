import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resources } from '../../api/resources.js'
import { APIVersions } from '../../machinery/meta/index.js'
import { type Resource, resource, statusView } from '../../machinery/resource.js'
import { decodeObject, kind, type OpenApiSchema, unwrapEnvelope } from '../../schema/index.js'
import { discoveryStage } from './discovery.js'
import { compareVersions, groupsOf } from './groups.js'
import { isBuiltIn } from './priorities.js'
import { rootPathsStage } from './root-paths.js'
import { ask, registriesOf } from './test-stage.js'

const boats = resource(
  kind('com.example.v1.Boat', { group: 'example.com', version: 'v1', plural: 'boats', namespaced: true }, {}) as never,
  {
    verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
    shortNames: ['bt'],
    subresources: [statusView()],
    openApi: { v2: {} as OpenApiSchema, v3: {} as OpenApiSchema },
  },
) as unknown as Resource

const stage = discoveryStage(registriesOf([...resources, boats]))
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

describe('discovery', () => {
  it('tells the versions of the core group and where the server is', async () => {
    const answer = await ask(stage, '/api/')
    assert.deepEqual(answer?.json(), {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: 'server:6443' }],
    })
  })

  it('lists groups by priority, those of custom resources last', async () => {
    const names = (await ask(stage, '/apis'))?.json().groups.map(({ name }: { name: string }) => name)
    assert.deepEqual(names.slice(0, 3), ['apiregistration.k8s.io', 'apps', 'events.k8s.io'])
    assert.deepEqual(names.slice(-3), ['flowcontrol.apiserver.k8s.io', 'storagemigration.k8s.io', 'example.com'])
  })

  it('prefers the newest version of a group', async () => {
    const group = (await ask(stage, '/apis/autoscaling'))?.json()
    assert.deepEqual(group.preferredVersion, { groupVersion: 'autoscaling/v2', version: 'v2' })
    assert.deepEqual(
      group.versions.map(({ version }: { version: string }) => version),
      ['v2', 'v1'],
    )
  })

  it('lists the resources of a version, with a hash for those that are stored', async () => {
    const list = (await ask(stage, '/api/v1'))?.json()
    assert.equal(list.apiVersion, undefined)
    const named = (name: string) => list.resources.find((one: { name: string }) => one.name === name)
    assert.equal(named('pods').storageVersionHash, 'xPOwRZ+Yhw8=')
    assert.equal(named('componentstatuses').storageVersionHash, undefined)
    assert.deepEqual(named('pods/eviction'), {
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    })
  })

  it('gives the verbs of custom resources in their own order', async () => {
    const [first] = (await ask(stage, '/apis/example.com/v1'))?.json().resources ?? []
    assert.deepEqual(first.verbs, boats.verbs)
  })

  const refused: readonly (readonly [
    what: string,
    url: string,
    headers: { [name: string]: string },
    method: string,
  ])[] = [
    ['a POST', '/api', {}, 'POST'],
    ['a media type that is not served', '/apis', { accept: 'image/png' }, 'GET'],
    ['one document of a single group', '/apis/apps', { accept: aggregated }, 'GET'],
    ['a version that is not served', '/apis/apps/v9', {}, 'GET'],
  ]
  const codes = [405, 406, 406, 404]
  for (const [i, [what, url, headers, method]] of refused.entries())
    it(`refuses ${what}`, () => assert.rejects(ask(stage, url, headers, method), { code: codes[i] }))

  it('leaves what is no part of it to others', async () => {
    for (const url of ['/', '/apis/nope.example.com', '/version', '/api/v1/pods', '/healthz'])
      assert.equal(await ask(stage, url), undefined, url)
  })

  it('speaks protobuf and YAML', async () => {
    const protobuf = await ask(stage, '/api', { accept: 'application/vnd.kubernetes.protobuf' })
    const [chunk] = protobuf?.body.kind === 'bytes' ? protobuf.body.chunks : []
    assert.ok(chunk)
    assert.deepEqual(decodeObject(APIVersions, unwrapEnvelope(chunk)).versions, ['v1'])
    const yaml = await ask(stage, '/apis/apps', { accept: 'application/yaml' })
    assert.match(yaml?.text ?? '', /^apiVersion: v1\nkind: APIGroup\nname: apps\n/)
  })
})

describe('aggregated discovery', () => {
  it('tells all of a root, leaving out what is as in the list itself', async () => {
    const answer = await ask(stage, '/apis', { accept: aggregated })
    assert.equal(answer?.headers['content-type'], aggregated)
    const items = answer?.json().items
    const group = (name: string) =>
      items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === name).versions[0].resources
    const deployments = group('apps').find(({ resource }: { resource: string }) => resource === 'deployments')
    assert.deepEqual(deployments.responseKind, { group: '', version: '', kind: 'Deployment' })
    assert.deepEqual(
      deployments.subresources.find((one: { subresource: string }) => one.subresource === 'scale').responseKind,
      { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    )
    assert.deepEqual(group('example.com')[0].responseKind, { group: 'example.com', version: 'v1', kind: 'Boat' })
  })

  it('is not sent again to who has it', async () => {
    const first = await ask(stage, '/api', { accept: aggregated })
    const etag = String(first?.headers['etag'])
    const again = await ask(stage, '/api', { accept: aggregated, 'if-none-match': etag })
    assert.equal(again?.status, 304)
    assert.equal(again?.text, '')
  })

  it('is chosen by what clients list first; unknown versions of it are passed over', async () => {
    const old = aggregated.replace('v=v2;', 'v=v2beta1;')
    const kindFor = async (accept: string) => (await ask(stage, '/api', { accept }))?.json().kind
    assert.equal(await kindFor(`${aggregated},${old},application/json`), 'APIGroupDiscoveryList')
    assert.equal(await kindFor(`${old},application/json`), 'APIVersions')
  })
})

describe('the root', () => {
  it('lists what is served, sorted', async () => {
    const checks = () => [
      { name: 'ping', check: () => {} },
      { name: 'shutdown', check: () => {}, readyOnly: true },
    ]
    const answer = await ask(rootPathsStage(registriesOf([boats]), checks), '/')
    const { paths } = answer?.json() ?? {}
    assert.deepEqual(paths.slice(0, 7), [
      '/.well-known/openid-configuration',
      '/api',
      '/apis',
      '/apis/',
      '/apis/example.com',
      '/apis/example.com/v1',
      '/healthz',
    ])
    assert.deepEqual(
      paths.filter((path: string) => /z\/./.test(path)),
      ['/healthz/ping', '/livez/ping', '/readyz/ping', '/readyz/shutdown'],
    )
  })
})

describe('versions', () => {
  it('are ordered by stability, then by number', () => {
    const ordered = ['v10', 'v2', 'v1', 'v11beta2', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10']
    assert.deepEqual(
      ordered.toReversed().sort((a, b) => compareVersions(b, a)),
      ordered,
    )
    assert.equal(compareVersions('v1', 'v1'), 0)
  })
})

describe('groups', () => {
  const registration = (group: string, version: string, groupPriorityMinimum: number, versionPriority: number) => ({
    group,
    version,
    groupPriorityMinimum,
    versionPriority,
  })

  it('are where their API services want them to be, then ordered by name', () => {
    const registrations = [
      registration('b.io', 'v1', 1000, 10),
      registration('a.io', 'v2', 1000, 10),
      registration('a.io', 'v1', 900, 20),
      registration('z.io', 'v1', 1001, 1),
    ]
    const shown = (order: 'names' | 'services') =>
      groupsOf([], registrations, order).map(({ name, versions }) => [name, ...versions.map(({ version }) => version)])
    assert.deepEqual(shown('names'), [
      ['z.io', 'v1'],
      ['a.io', 'v1', 'v2'],
      ['b.io', 'v1'],
    ])
    // By the names of API services: v1.b.io, v2.a.io.
    assert.deepEqual(
      shown('services').map(([name]) => name),
      ['z.io', 'b.io', 'a.io'],
    )
  })

  it('that come with the server all have a place of their own', () => {
    for (const { kind } of resources) assert.ok(isBuiltIn(kind.gvk.group), kind.gvk.group)
  })
})
