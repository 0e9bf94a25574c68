import assert from 'node:assert/strict'
import { test } from 'node:test'
import { componentStatuses } from './component-statuses.js'
import { TestServer } from './test-server.js'

test('what components say of themselves', async () => {
  const statuses = await componentStatuses([
    { name: 'b', check: () => Promise.reject(new Error('down')) },
    { name: 'a', check: () => {} },
  ])
  assert.deepEqual(
    statuses,
    [
      ['a', { type: 'Healthy', status: 'True', message: 'ok' }],
      ['b', { type: 'Healthy', status: 'False', message: '', error: 'down' }],
    ].map(([name, condition]) => ({
      kind: 'ComponentStatus',
      apiVersion: 'v1',
      metadata: { name },
      conditions: [condition],
    })),
  )
})

test('componentstatuses are worked out when asked for', async () => {
  await using server = await TestServer.start()
  const path = '/api/v1/componentstatuses'
  const list = await server.http2({ path })
  assert.equal(list.status, 200)
  assert.deepEqual(list.json.metadata, {})
  const [first] = list.json.items
  assert.deepEqual(first, {
    metadata: { name: 'etcd-0' },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  })
  const one = await server.http2({ path: `${path}/etcd-0` })
  assert.equal(one.json.kind, 'ComponentStatus')
  const table = await server.http2({ path, headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } })
  assert.deepEqual(table.json.rows[0].cells, ['etcd-0', 'Healthy', 'ok', ''])
  assert.equal((await server.http2({ path: `${path}?fieldSelector=metadata.name=x` })).json.items.length, 0)
  // What is not served is not called deprecated.
  for (const [method, status, warning] of [
    ['GET', 200, '299 - "v1 ComponentStatus is deprecated in v1.19+"'],
    ['DELETE', 405, undefined],
  ] as const) {
    const answer = await server.http2({ method, path: `${path}/etcd-0` })
    assert.equal(answer.status, status)
    assert.equal(answer.headers['warning'], warning)
  }
  const none = await server.http2({ path: `${path}/nope` })
  assert.equal(none.json.message, 'componentstatus "nope" not found')
})
