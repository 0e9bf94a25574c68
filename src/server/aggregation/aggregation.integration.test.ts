import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { CustomResourceDefinition } from '../../api/apiextensions/v1/index.js'
import { APIService } from '../../api/apiregistration/v1/index.js'
import { ServiceAccount } from '../../api/core/v1/index.js'
import { unpackKubectl } from '../../machinery/streaming/test-kubectl.js'
import { ToolBench } from '../discovery/test-cluster-tools.js'
import { adminToken, TestServer, until } from '../test-server.js'
import { ExtensionServer, group } from './test-extension-server.js'

const root = `/apis/${group}/v1`
const aggregatedForm = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

describe('an extension API server', () => {
  let server: TestServer
  let extension: ExtensionServer
  const name = `v1.${group}`
  const condition = async () =>
    (await server.client.get(APIService, { name })).status.conditions?.find(({ type }) => type === 'Available')
  const reason = async (expected: string) =>
    until(async () => (await condition())?.reason === expected, `the reason ${expected}`)
  const freshness = async () => {
    const { json } = await server.http2({ path: '/apis', headers: { accept: aggregatedForm } })
    const found = json.items.find((item: { metadata: { name: string } }) => item.metadata.name === group)
    return found?.versions[0].freshness
  }
  /** Asks until the server has looked again at what has changed. */
  const lookAgain = () =>
    server.client.patch(APIService, { name }, { type: 'merge', body: { spec: { versionPriority: ++priority } } })
  let priority = 15

  before(async () => {
    server = await TestServer.start()
    extension = await ExtensionServer.start(server.controlPlane)
    await extension.register(server.controlPlane)
    await reason('Passed')
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await extension[Symbol.asyncDispose]()
  })

  it('is told who asks, whatever the client says of itself', async () => {
    const { status, headers } = await server.http1({
      path: `${root}/flunders?limit=5`,
      headers: {
        'X-Remote-User': 'mallory',
        'X-Remote-Group': 'system:masters',
        'X-Remote-Extra-A': 'b',
        X_Remote_User: 'mallory',
        'X-Own': 'kept',
        'Impersonate-User': Buffer.from('jürgen').toString('latin1'),
        'Impersonate-Group': 'system:masters',
        'Impersonate-Extra-Some%2fKey': 'v1',
      },
    })
    assert.equal(status, 200)
    assert.ok(headers['audit-id'])
    const seen = extension.seen.at(-1)
    assert.equal(seen?.url, `${root}/flunders?limit=5`)
    const { headers: sent = {} } = seen ?? {}
    assert.equal(Buffer.from(String(sent['x-remote-user']), 'latin1').toString(), 'jürgen')
    assert.equal(sent['x-remote-group'], 'system:masters, system:authenticated')
    assert.equal(sent['x-remote-extra-some%2fkey'], 'v1')
    for (const gone of ['x-remote-extra-a', 'x_remote_user', 'authorization', 'impersonate-user'])
      assert.equal(sent[gone], undefined, gone)
    assert.equal(sent['x-own'], 'kept')
    assert.equal(sent['x-forwarded-uri'], `${root}/flunders`)
  })

  it('is asked nothing that is not allowed', async () => {
    const before = extension.seen.length
    const answer = await server.http2({ path: `${root}/flunders`, headers: { authorization: 'Bearer other-token' } })
    assert.equal(answer.status, 403)
    assert.match(answer.json.message, /User "other" cannot list resource "flunders" in API group "wardle.example.com"/)
    for (const path of [`${root}/namespaces/a/flunders/..`, `${root}/namespaces/%2e%2e/flunders`, `${root}/a/b/../c`])
      assert.equal((await server.http2({ path })).status, 404, path)
    assert.equal(extension.seen.length, before)
  })

  it('is asked for objects and watches them, as they come', async () => {
    const path = `${root}/namespaces/default/flunders`
    const watch = server.stream({ path: `${path}?watch=1` })
    await once(watch, 'response')
    const first = once(watch, 'data')
    const made = await server.http2({ method: 'POST', path, body: { metadata: { name: 'a' }, weight: 3 } })
    assert.equal(made.status, 201)
    assert.equal(JSON.parse(String((await first)[0])).object.weight, 3)
    assert.equal(extension.watchers, 1)
    watch.close()
    await until(() => extension.watchers === 0)
    assert.equal((await server.http1({ path: `${path}/a` })).json.weight, 3)
    assert.equal((await server.client.request({ method: 'GET', path: `${path}/b` })).status, 404)
  })

  it('may not send clients elsewhere', async () => {
    const { status, text, headers } = await server.http2({ path: `${root}/elsewhere` })
    assert.equal(status, 502)
    assert.equal(text, 'the backend attempted to redirect this request, which is not permitted')
    assert.equal(headers['location'], undefined)
  })

  it('may take over connections', async () => {
    const { hostname, port } = new URL(server.endpoint.server)
    const socket = connect({ host: hostname, port: Number(port), ca: server.endpoint.ca, ALPNProtocols: ['http/1.1'] })
    socket.write(
      `GET ${root}/namespaces/default/flunders/a/echo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminToken}\r\n` +
        'X-Remote-User: mallory\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n',
    )
    let text = ''
    socket.on('data', chunk => (text += chunk))
    await until(() => text.includes('hello'))
    assert.match(text, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nhello admin\n/)
    socket.write('ping\n')
    await until(() => text.endsWith('ping\n'))
    socket.destroy()
  })

  it('is found by discovery, in the place that it asks for', async () => {
    const groups = (await server.http2({ path: '/apis' })).json.groups.map((one: { name: string }) => one.name)
    assert.equal(groups.at(-1), group)
    assert.equal((await server.http2({ path: `/apis/${group}` })).json.preferredVersion.groupVersion, `${group}/v1`)
    assert.equal((await server.http2({ path: root })).json.resources[0].name, 'flunders')
    const all = await server.http2({ path: '/apis', headers: { accept: aggregatedForm } })
    const own = all.json.items.at(-1)
    assert.deepEqual(own.metadata, { name: group })
    assert.equal(own.versions[0].freshness, 'Current')
    assert.equal(own.versions[0].resources[0].subresources[0].subresource, 'echo')
    const again = await server.http2({
      path: '/apis',
      headers: { accept: aggregatedForm, 'if-none-match': String(all.headers['etag']) },
    })
    assert.equal(again.status, 304)
    assert.ok((await server.http2({ path: '/' })).json.paths.includes(root))
    await server.client.patch(APIService, { name }, { type: 'merge', body: { spec: { groupPriorityMinimum: 19_000 } } })
    const first = (await server.http2({ path: '/apis' })).json.groups.map((one: { name: string }) => one.name)
    assert.deepEqual(first.slice(0, 2), ['apiregistration.k8s.io', group])
    await reason('Passed')
  })

  it('is asked version by version if it knows no other way', async () => {
    extension.aggregated = false
    await lookAgain()
    await until(async () => (await freshness()) === 'Current')
    const all = await server.http2({ path: '/apis', headers: { accept: aggregatedForm } })
    const own = all.json.items.find((item: { metadata: { name: string } }) => item.metadata.name === group)
    assert.deepEqual(own.versions[0].resources[0].responseKind, { group, version: 'v1', kind: 'Flunder' })
    assert.equal(own.versions[0].resources[0].subresources[0].subresource, 'echo')
    extension.aggregated = true
  })

  it('has its OpenAPI documents among those of this server', async () => {
    const document = `apis/${group}/v1`
    const urlOf = async () => (await server.http2({ path: '/openapi/v3' })).json.paths[document]?.serverRelativeURL
    const before = await urlOf()
    const v3 = await server.http2({ path: before })
    assert.ok(v3.json.components.schemas['com.example.wardle.v1.Flunder'])
    assert.equal((await server.http2({ path: '/openapi/v3' })).json.paths['apis/other/v1'], undefined)
    const v2 = await server.http2({ path: '/openapi/v2' })
    assert.deepEqual(v2.json.paths[`${root}/flunders`].get.responses[200].schema, {
      $ref: '#/definitions/com.example.wardle.v1.Flunder',
    })
    assert.equal(v2.json.definitions.unused, undefined)
    assert.ok(v2.json.definitions['io.k8s.api.core.v1.Pod'])
    const headers = { 'if-none-match': String(v2.headers['etag']) }
    assert.equal((await server.http2({ path: '/openapi/v2', headers })).status, 304)
    extension.description = 'Another one.'
    await lookAgain()
    await until(async () => ![before, undefined].includes(await urlOf()))
    assert.match((await server.http2({ path: await urlOf() })).text, /Another one\./)
    extension.openApiV3 = false
    await lookAgain()
    await until(async () => ((await urlOf()) ?? '').length > 100)
    const converted = await server.http2({ path: await urlOf() })
    assert.deepEqual(converted.json.paths[`${root}/flunders`].get.responses[200].content['*/*'].schema, {
      $ref: '#/components/schemas/com.example.wardle.v1.Flunder',
    })
    extension.openApiV3 = true
  })

  it('is unavailable while it does not answer', async () => {
    extension.broken = 500
    await lookAgain()
    await reason('FailedDiscoveryCheck')
    const said = await condition()
    assert.equal(said?.status, 'False')
    assert.match(
      said?.message ?? '',
      /^failing or missing response from (https:\/\/localhost:\d+\/apis\/wardle\.example\.com\/v1): bad status from \1: 500$/,
    )
    const { status, text, headers } = await server.http2({ path: `${root}/flunders` })
    assert.deepEqual([status, text], [503, 'service unavailable\n'])
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(await freshness(), 'Stale')
    const metrics = await server.http2({ path: '/metrics' })
    assert.match(metrics.text, new RegExp(`^aggregator_unavailable_apiservice{name="${name}"} 1$`, 'm'))
    assert.match(
      metrics.text,
      new RegExp(`^aggregator_unavailable_apiservice_total{name="${name}",reason="FailedDiscoveryCheck"} 1$`, 'm'),
    )
    assert.match(metrics.text, /^aggregator_unavailable_apiservice{name="v1.apps"} 0$/m)
    extension.broken = 0
    await reason('Passed')
    assert.equal(await freshness(), 'Current')
  })

  it('is not listened to when it talks nonsense', async () => {
    const list = '{"kind":"APIGroupDiscoveryList","items":'
    const deep = '['.repeat(100_000)
    for (const lies of [
      'x',
      deep,
      `${list}7}`,
      `${list}[{"metadata":7}]}`,
      `${list}[{"versions":[{"resources":{}}]}]}`,
    ])
      for (const document of [lies, `{"swagger":"2.0","paths":${lies}}`]) {
        extension.lies = document
        await lookAgain()
        await until(async () => (await freshness()) === 'Stale', document.slice(0, 50))
        for (const path of ['/openapi/v2', '/openapi/v3', '/apis', '/api/v1'])
          assert.equal((await server.http2({ path })).status, 200, path)
      }
    extension.lies = ''
    await lookAgain()
    await until(async () => (await freshness()) === 'Current')
  })

  it('is not believed without the right certificate, unless nobody cares', async () => {
    const change = (spec: object) => server.client.patch(APIService, { name }, { type: 'merge', body: { spec } })
    await change({ caBundle: null })
    await reason('FailedDiscoveryCheck')
    assert.match((await condition())?.message ?? '', /x509: certificate signed by unknown authority$/)
    await change({ insecureSkipTLSVerify: true })
    await reason('Passed')
    await change({ insecureSkipTLSVerify: false, caBundle: extension.caBundle })
    await reason('Passed')
  })

  it('may be missing', async () => {
    const refer = (service: object) =>
      server.client.patch(APIService, { name }, { type: 'merge', body: { spec: { service } } })
    await refer({ name: 'nowhere' })
    await reason('ServiceNotFound')
    assert.equal((await condition())?.message, 'service/nowhere in "default" is not present')
    await refer({ name: 'kubernetes', port: 8443 })
    await reason('ServicePortError')
    await refer({ port: 443 })
    await reason('EndpointsNotFound')
    await refer({ name: 'wardle', port: extension.port })
    await reason('Passed')
  })

  it('takes the place of custom resources of the same version', async () => {
    await server.client.create(CustomResourceDefinition, {
      metadata: { name: `flunders.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'flunders', kind: 'Flunder' },
        versions: ['v1', 'v2'].map(version => ({
          name: version,
          served: true,
          storage: version === 'v2',
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        })),
      },
    } as never)
    await until(async () => (await server.http2({ path: `/apis/${group}/v2/flunders` })).status === 200)
    const count = extension.seen.length
    assert.equal((await server.http2({ path: `${root}/flunders` })).json.kind, 'FlunderList')
    assert.equal(extension.seen.length, count + 1)
    await server.client.delete(APIService, { name })
    // Served here from now on, and registered as such.
    await until(async () => (await condition().catch(() => undefined))?.reason === 'Local')
    assert.equal((await server.http2({ path: `${root}/flunders` })).status, 200)
    assert.equal(extension.seen.length, count + 1)
    const { metadata } = await server.client.get(APIService, { name })
    assert.equal(metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'], 'true')
    await server.client.delete(CustomResourceDefinition, { name: `flunders.${group}` })
    await until(async () => (await server.http2({ path: `/apis/${group}` })).status === 404)
  })
})

describe('kubectl and an extension API server', () => {
  it('finds, lists, watches and explains what it serves', async () => {
    await using kubectl = await ToolBench.start(unpackKubectl)
    const { controlPlane } = kubectl
    await using extension = await ExtensionServer.start(controlPlane)
    await extension.register(controlPlane)
    await kubectl.run('wait', '--for=condition=Available', `apiservice/v1.${group}`)
    assert.match(
      await kubectl.run('get', 'apiservice', `v1.${group}`, '--no-headers'),
      /^v1\.wardle\.example\.com +default\/wardle +True/,
    )
    assert.match(
      await kubectl.run('api-resources', `--api-group=${group}`),
      /^flunders +fl +wardle\.example\.com\/v1 +true +Flunder$/m,
    )
    const manifest = JSON.stringify({ apiVersion: `${group}/v1`, kind: 'Flunder', metadata: { name: 'f' } })
    const created = await kubectl.try(['create', '--validate=false', '-f', '-'], { input: Buffer.from(manifest) })
    assert.equal(created.stdout, 'flunder.wardle.example.com/f created\n', created.stderr)
    assert.match(await kubectl.run('get', 'fl'), /^NAME +AGE\nf /)
    assert.match(await kubectl.run('explain', 'flunders'), /A flunder is what the test says\./)
    assert.match(await kubectl.run('explain', 'flunders.weight'), /How heavy it is\./)
    assert.match(await kubectl.run('explain', 'pods.spec'), /VERSION: +v1/)
    extension.broken = 503
    await kubectl.run('wait', '--for=condition=Available=False', `apiservice/v1.${group}`, '--timeout=60s')
  })

  it('lets it ask who a token speaks for', async () => {
    await using server = await TestServer.start()
    await server.client.create(ServiceAccount, { metadata: { namespace: 'default', name: 'wardle' } })
    const post = (path: string, body: object) => server.http2({ method: 'POST', path, body })
    const { json } = await post('/api/v1/namespaces/default/serviceaccounts/wardle/token', {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: {},
    })
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const subjects = [{ kind: 'ServiceAccount', name: 'wardle', namespace: 'default' }]
    const authorization = { authorization: `Bearer ${json.status.token}` }
    const configMap = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
    assert.equal((await server.http2({ path: configMap, headers: authorization })).status, 403)
    await post(`${rbac}/namespaces/kube-system/rolebindings`, {
      metadata: { name: 'wardle' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'Role',
        name: 'extension-apiserver-authentication-reader',
      },
      subjects,
    })
    await post(`${rbac}/clusterrolebindings`, {
      metadata: { name: 'wardle' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
      subjects,
    })
    const told = await server.http2({ path: configMap, headers: authorization })
    assert.deepEqual(Object.keys(told.json.data).sort(), [
      'client-ca-file',
      'requestheader-allowed-names',
      'requestheader-client-ca-file',
      'requestheader-extra-headers-prefix',
      'requestheader-group-headers',
      'requestheader-uid-headers',
      'requestheader-username-headers',
    ])
    const review = await server.http2({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      headers: authorization,
      body: { spec: { token: adminToken } },
    })
    assert.equal(review.json.status.user.username, 'admin')
  })
})
