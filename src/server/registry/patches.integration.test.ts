import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TestServer } from '../test-server.js'

let server: TestServer
const path = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'

before(async () => {
  server = await TestServer.start()
  await server.http2({ method: 'POST', path, body: { metadata: { name: 'a' }, data: { x: '1' } } })
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await server.http2({
    method: 'POST',
    path: deployments,
    body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } },
  })
})
after(() => server[Symbol.asyncDispose]())

const patch = (path: string, type: string, body: string) =>
  server.http2({
    method: 'PATCH',
    path,
    body,
    headers: { 'content-type': `application/${type}${type === 'apply-patch' ? '+yaml' : '+json'}` },
  })

const strict = (why: string) => new RegExp(`: strict decoding error: ${why}$`)
const twice = '{"data":{"a":"b"},"data":{"a":"c"}}'
const operation = '[{"op":"add","path":"/data/y","value":"1","foo":1,"op":"add"}]'

test('patches are read as strictly as is asked for', async () => {
  for (const [type, body, why] of [
    ['merge-patch', twice, 'duplicate field "data"'],
    ['merge-patch', '{"foo":1,"data":{},"data":{}}', 'duplicate field "data", unknown field "foo"'],
    ['strategic-merge-patch', twice, 'duplicate field "data"'],
    ['json-patch', operation, 'json patch duplicate field "\\[0\\].op", json patch unknown field "\\[0\\].foo"'],
  ] as const) {
    const refused = await patch(`${path}/a?fieldValidation=Strict`, type, body)
    assert.equal(refused.status, 422, body)
    assert.match(refused.json.message, strict(why))
    const warned = await patch(`${path}/a?dryRun=All`, type, body)
    assert.equal(warned.status, 200)
    assert.match(String(warned.headers.warning), /^299 - "(?:json patch )?duplicate field /)
    const ignored = await patch(`${path}/a?dryRun=All&fieldValidation=Ignore`, type, body)
    assert.equal(ignored.status, 200)
    assert.equal(ignored.headers.warning, undefined)
  }
})

test('a patch is read once there is something to patch', async () => {
  for (const [type, name, status, message] of [
    ['merge-patch', 'none', 404, 'configmaps "none" not found'],
    ['json-patch', 'none', 404, 'configmaps "none" not found'],
    ['merge-patch', 'a', 400, 'error decoding patch: unexpected end of JSON input'],
    ['json-patch', 'a', 400, 'error decoding patch: unexpected end of JSON input'],
    ['strategic-merge-patch', 'a', 400, 'unexpected end of JSON input'],
  ] as const) {
    const answer = await patch(`${path}/${name}`, type, '{')
    assert.equal(answer.status, status)
    assert.equal(answer.json.message, message)
  }
})

test('a Scale that is put names its object', async () => {
  const put = (metadata: object) =>
    server.http2({ method: 'PUT', path: `${deployments}/d/scale`, body: { metadata, spec: { replicas: 1 } } })
  const unnamed = await put({})
  assert.equal(unnamed.status, 400)
  assert.match(unnamed.json.message, /\(d based on URL\) was undeterminable: name must be provided$/)
  const another = await put({ name: 'd', uid: 'x' })
  assert.equal(another.status, 409)
  assert.match(another.json.message, /Precondition failed: UID in precondition: x, UID in object meta: /)
  assert.equal((await put({ name: 'd' })).status, 200)
})

test('a patch that makes no Scale is refused like any other', async () => {
  const body = '[{"op":"replace","path":"/spec/replicas","value":"x"}]'
  const { status, json } = await patch(`${deployments}/d/scale`, 'json-patch', body)
  assert.equal(status, 422)
  assert.match(json.message, /^ "" is invalid: patch: Invalid value: ".*cannot unmarshal string into Go struct field/)
})
