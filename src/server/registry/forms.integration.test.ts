import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TestServer } from '../test-server.js'

let server: TestServer
const path = '/api/v1/namespaces/default/configmaps'

before(async () => {
  server = await TestServer.start()
  await server.http2({ method: 'POST', path, body: { metadata: { name: 'a' } } })
})
after(() => server[Symbol.asyncDispose]())

const as = (kind: string, version = 'v1', media = 'json') =>
  `application/${media};as=${kind};g=meta.k8s.io;v=${version}`

test('answers take the form that is asked for, or none', async () => {
  for (const [query, accept, status, expected] of [
    ['/a', as('PartialObjectMetadata', 'v1beta1'), 200, { apiVersion: 'meta.k8s.io/v1beta1' }],
    ['', as('PartialObjectMetadataList', 'v1beta1'), 200, { apiVersion: 'meta.k8s.io/v1beta1' }],
    ['/a', as('Table', 'v1beta1'), 200, { kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1' }],
    [
      '/a',
      as('PartialObjectMetadataList'),
      406,
      { message: 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)' },
    ],
    [
      '',
      as('PartialObjectMetadata'),
      406,
      { message: 'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)' },
    ],
    [
      '?includeObject=x',
      as('Table'),
      400,
      {
        message:
          "Unable to convert to Table as requested: includeObject: Invalid value: \"x\": must be 'Metadata', 'Object', 'None', or empty",
      },
    ],
    [
      '?watch=1',
      'application/json;as=Foo;g=meta.k8s.io;v=v1',
      406,
      {
        message:
          'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
      },
    ],
  ] as const) {
    const { json, status: got } = await server.http2({ path: path + query, headers: { accept } })
    assert.equal(got, status, `${query} ${accept}`)
    for (const [field, value] of Object.entries(expected)) assert.equal(json[field], value)
  }
})

test('there is no table of what is only asked', async () => {
  const { status, json } = await server.http2({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: {},
    headers: { accept: as('Table') },
  })
  assert.deepEqual([status, json.reason], [406, 'NotAcceptable'])
})

test('a watch has no form in YAML', async () => {
  const { status, text } = await server.http2({ path: `${path}?watch=1`, headers: { accept: 'application/yaml' } })
  assert.equal(status, 406)
  assert.match(text, /^code: 406\n/m)
})

test('the tables of a watch have their head once', async () => {
  await server.http2({ method: 'POST', path, body: { metadata: { name: 'b' } } })
  const { text } = await server.http2({ path: `${path}?watch=1&timeoutSeconds=1`, headers: { accept: as('Table') } })
  const frames = text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.ok(frames.length >= 2)
  assert.ok(frames[0].object.columnDefinitions.length > 0)
  assert.equal(frames[1].object.columnDefinitions, null)
  for (const { object } of frames)
    assert.equal(object.metadata.resourceVersion, object.rows[0].object.metadata.resourceVersion)
})

test('JSON is indented for who asks for it', async () => {
  for (const [query, agent, indented] of [
    ['', 'curl/8', true],
    ['', 'kubectl', false],
    ['?pretty=1', 'kubectl', true],
    ['?pretty=x', 'curl/8', false],
    ['?pretty=false', 'curl/8', false],
    ['?pretty=', 'curl/8', true],
  ] as const) {
    const { text } = await server.http2({ path: `${path}/a${query}`, headers: { 'user-agent': agent } })
    assert.equal(text.startsWith('{\n'), indented, `${query} ${agent}`)
  }
})

test('some kinds are created by a PUT, some want the version they replace', async () => {
  const rbac = '/apis/rbac.authorization.k8s.io/v1/clusterroles/x'
  for (const [path, body, status] of [
    ['/api/v1/namespaces/default/services/x', { spec: { ports: [{ port: 80 }] } }, 201],
    ['/api/v1/namespaces/default/limitranges/x', { spec: { limits: [] } }, 201],
    [rbac, {}, 201],
    [rbac, {}, 200],
    ['/api/v1/namespaces/default/secrets/x', {}, 404],
  ] as const)
    assert.equal(
      (await server.http2({ method: 'PUT', path, body: { metadata: { name: 'x' }, ...body } })).status,
      status,
    )
  const classes = '/apis/node.k8s.io/v1/runtimeclasses'
  const body = { metadata: { name: 'x' }, handler: 'h' }
  assert.equal((await server.http2({ method: 'POST', path: classes, body })).status, 201)
  const { json } = await server.http2({ method: 'PUT', path: `${classes}/x`, body })
  assert.match(json.message, /metadata.resourceVersion: Invalid value: 0: must be specified for an update/)
})
