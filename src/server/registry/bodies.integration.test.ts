import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../test-server.js'

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
