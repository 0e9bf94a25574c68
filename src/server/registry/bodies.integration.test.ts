import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrapEnvelope } from '../../schema/index.js'
import { TestServer } from '../test-server.js'

test('deletion options may be of any version', async () => {
  await using server = await TestServer.start()
  const path = '/api/v1/namespaces/default/configmaps'
  const named = (apiVersion: string, kind = 'DeleteOptions') => JSON.stringify({ apiVersion, kind })
  const envelope = wrapEnvelope('apps/v1', 'DeleteOptions', Buffer.from([0x08, 0x00]))
  for (const [body, media, status] of [
    [named('v1'), 'json', 200],
    [named('apps/v1'), 'json', 200],
    [named('meta.k8s.io/v1'), 'json', 200],
    [Buffer.from(envelope), 'vnd.kubernetes.protobuf', 200],
    [named('apps/v1', 'Deployment'), 'json', 400],
    ['{}', 'json', 200],
    ['', 'json', 200],
  ] as const) {
    await server.http2({ method: 'POST', path, body: { metadata: { name: 'a' } } })
    const headers = { 'content-type': `application/${media}` }
    const answer = await server.http2({ method: 'DELETE', path: `${path}/a`, body, headers })
    assert.equal(answer.status, status, `${body} ${answer.text}`)
  }
})

test('bodies in protobuf that are none', async () => {
  await using server = await TestServer.start()
  const path = '/api/v1/namespaces/default/configmaps'
  const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): '
  for (const [body, why] of [
    ['xyz', 'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (78797a)'],
    ['k8s\0', 'empty body (6b387300)'],
    ['', 'empty data (<empty>)'],
  ] as const) {
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' }
    const { status, json } = await server.http2({ method: 'POST', path, body: Buffer.from(body, 'latin1'), headers })
    assert.deepEqual([status, json.message], [400, unrecognized + why])
  }
})
