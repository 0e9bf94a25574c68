import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../test-server.js'

const namespace = '/api/v1/namespaces/default'
const elsewhere = 'the namespace of the provided object does not match the namespace sent on the request'

test('what is asked of an object names it, and its namespace', async () => {
  await using server = await TestServer.start()
  const post = async (path: string, body: object) => {
    const { status, json } = await server.http2({ method: 'POST', path: namespace + path, body })
    return { status, message: (json as { message?: string }).message ?? '' }
  }
  await post('/serviceaccounts', { metadata: { name: 'default' } })
  const container = { name: 'c', image: 'i' }
  assert.equal((await post('/pods', { metadata: { name: 'p' }, spec: { containers: [container] } })).status, 201)
  const target = { kind: 'Node', name: 'n' }
  const binding = (metadata: object) => ({ kind: 'Binding', apiVersion: 'v1', metadata, target })
  const eviction = (metadata: object) => ({ kind: 'Eviction', apiVersion: 'policy/v1', metadata })
  for (const [path, body, status, message] of [
    ['/pods/p/binding', binding({ name: 'q' }), 400, /^name in URL does not match name in Binding object$/],
    ['/pods/p/binding', binding({}), 400, /^name in URL does not match name in Binding object$/],
    ['/pods/p/binding', binding({ name: 'p', namespace: 'x' }), 400, elsewhere],
    ['/pods/p/binding', binding({ name: 'p', uid: 'x' }), 409, /Precondition failed: UID in precondition: x, UID in/],
    ['/pods/p/binding', binding({ name: 'p', resourceVersion: '1' }), 409, /ResourceVersion in precondition: 1, Reso/],
    ['/pods/p/eviction', eviction({ name: 'q' }), 400, /^name in URL does not match name in Eviction object$/],
    ['/pods/p/eviction', eviction({}), 400, /^name in URL does not match name in Eviction object$/],
    ['/pods/p/eviction', eviction({ name: 'p', namespace: 'x' }), 400, elsewhere],
    [
      '/serviceaccounts/default/token',
      { metadata: { name: 'q' } },
      422,
      'TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "q": must match the service account name if specified',
    ],
    ['/serviceaccounts/default/token', { metadata: { namespace: 'x' } }, 400, elsewhere],
    ['/serviceaccounts/default/token', {}, 201, ''],
    ['/pods/p/binding', binding({ name: 'p' }), 201, ''],
  ] as const) {
    const answer = await post(path, body)
    assert.equal(answer.status, status, `${path}: ${answer.message}`)
    if (typeof message === 'string') assert.equal(answer.message, message)
    else assert.match(answer.message, message)
  }
})

test('logs are refused for options that contradict each other', async () => {
  await using server = await TestServer.start()
  const { json } = await server.http2({
    path: `${namespace}/pods/p/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z`,
  })
  assert.equal(
    (json as { message: string }).message,
    'PodLogOptions "p" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  )
})

test('what is wrong with the node of a pod comes before how its streams are asked for', async () => {
  await using server = await TestServer.start()
  const post = (path: string, body?: object) =>
    server
      .http2({ method: 'POST', path, ...(body ? { body } : {}) })
      .then(({ json }) => json as { readonly code?: number; readonly message?: string })
  await post(`${namespace}/serviceaccounts`, { metadata: { name: 'default' } })
  await post('/api/v1/nodes', { metadata: { name: 'bare' } })
  const listens = { type: 'InternalIP', address: '127.0.0.1' }
  await post('/api/v1/nodes', { metadata: { name: 'listens' }, status: { addresses: [listens] } })
  for (const [nodeName, code, message] of [
    ['bare', 500, 'no preferred addresses found; known addresses: []'],
    ['gone', 404, 'nodes "gone" not found'],
    ['listens', 400, 'Upgrade request required'],
  ] as const) {
    const containers = [{ name: 'c', image: 'i' }]
    await post(`${namespace}/pods`, { metadata: { name: nodeName }, spec: { nodeName, containers } })
    for (const asked of ['exec?command=ls', 'attach', 'portforward']) {
      const answer = await post(`${namespace}/pods/${nodeName}/${asked}`)
      assert.deepEqual([answer.code, answer.message], [code, message], `${asked} on ${nodeName}`)
    }
  }
})
