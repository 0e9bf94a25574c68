import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../test-server.js'
import { base, define, definitionOf, objectOf } from './test-definitions.js'

test('whole numbers of custom resources keep the digits that 64 bits hold', async () => {
  await using server = await TestServer.start()
  const spec = {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    properties: { x: { type: 'integer', format: 'int64' } },
    'x-kubernetes-validations': [{ rule: 'self.x != 9007199254740993', message: 'not this one' }],
  }
  await define(server, definitionOf('counts', { type: 'object', properties: { spec } } as never))
  const path = `${base}/counts`
  const body = (text: string) => JSON.stringify(objectOf('counts', 'a', { spec: '...' })).replace('"..."', text)
  const yaml = 'apiVersion: test.example.com/v1\nkind: Count\nspec: {x: 9007199254740999, o: [9223372036854775807]}\n'
  for (const [method, at, media, sent, expected] of [
    ['POST', '', 'json', body('{"x":9007199254740993}'), undefined],
    ['POST', '', 'json', body('{"x":9007199254740995}'), '{"x":9007199254740995}'],
    ['PATCH', '/a', 'merge-patch+json', '{"spec":{"x":9007199254740997}}', '{"x":9007199254740997}'],
    [
      'PATCH',
      '/a',
      'json-patch+json',
      '[{"op":"test","path":"/spec/x","value":9007199254740997},{"op":"copy","from":"/spec/x","path":"/spec/o"}]',
      '{"x":9007199254740997,"o":9007199254740997}',
    ],
    [
      'PATCH',
      '/a?fieldManager=m&force=true',
      'apply-patch+yaml',
      yaml,
      '{"x":9007199254740999,"o":[9223372036854775807]}',
    ],
  ] as const) {
    const headers = { 'content-type': `application/${media}` }
    const { status, text } = await server.http2({ method, path: path + at, body: sent, headers })
    assert.equal(status < 300, expected !== undefined, text)
    if (!expected) continue
    assert.ok(text.endsWith(`"spec":${expected}}\n`), text)
    for (const accept of ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io']) {
      const list = await server.http2({ path: `${path}?includeObject=Object`, headers: { accept } })
      assert.ok(list.text.includes(`"spec":${expected}`), list.text)
    }
  }
})
