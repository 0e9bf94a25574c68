import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TestServer } from '../test-server.js'

let server: TestServer
const path = '/api/v1/namespaces/default/configmaps'

before(async () => {
  server = await TestServer.start()
})
after(() => server[Symbol.asyncDispose]())

const apply = (path: string, manager: string, body: object) =>
  server.http2({
    method: 'PATCH',
    path: `${path}?fieldManager=${manager}`,
    body,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  })

const configMap = (name: string, more: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...more,
})

const entry = (manager: string, operation: string, fields: object) => ({
  manager,
  operation,
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: fields,
})

test('what owns nothing leaves no trace', async () => {
  const { status, json } = await apply(`${path}/nothing`, 'm', configMap('nothing'))
  assert.equal(status, 201)
  assert.equal('managedFields' in json.metadata, false)
})

test('what an apply creates cannot have a uid', async () => {
  const { status, json } = await apply(`${path}/uid`, 'm', configMap('uid', {}, { uid: '5' }))
  assert.equal(status, 409)
  assert.equal(
    json.message,
    'Operation cannot be fulfilled on configmaps "uid": uid mismatch: the provided object specified uid 5, and no existing object was found',
  )
})

test('managed fields that a client sends itself count, unless they are none', async () => {
  const sent = [entry('other', 'Update', { 'f:data': { 'f:x': {} } })]
  const created = await server.http2({
    method: 'POST',
    path: `${path}?fieldManager=me`,
    body: configMap('sent', { data: { x: '1' } }, { managedFields: sent }),
  })
  assert.deepEqual(created.json.metadata.managedFields.map(({ manager }: { manager: string }) => manager).sort(), [
    'me',
  ])
  const put = (managedFields: readonly object[], sub = '') =>
    server.http2({
      method: 'PUT',
      path: `${path}/sent${sub}?fieldManager=me`,
      body: configMap('sent', { data: { x: '1' } }, { managedFields }),
    })
  const replaced = await put(sent)
  assert.deepEqual(replaced.json.metadata.managedFields, sent)
  const refused = await put([entry('other', 'Foo', {})])
  assert.equal(refused.status, 422)
  assert.equal(
    refused.json.message,
    'ConfigMap "sent" is invalid: metadata.managedFields[0].operation: Invalid value: "Foo": must be `Apply` or `Update`',
  )
  const unread = await put([{ ...entry('other', 'Update', {}), fieldsType: 'x' }])
  assert.deepEqual(unread.json.metadata.managedFields, sent)
  const reset = await put([{}])
  assert.equal('managedFields' in reset.json.metadata, false)
})

test('who applies is the same in every version', async () => {
  const at = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/h`
  const autoscaler = (version: string, maxReplicas: number, more: object = {}) => ({
    apiVersion: `autoscaling/${version}`,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec: { maxReplicas, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' }, ...more },
  })
  const owners = async () =>
    (await server.http2({ path: at('v2') })).json.metadata.managedFields.map(
      ({ manager, apiVersion }: { manager: string; apiVersion: string }) => `${manager} ${apiVersion}`,
    )
  assert.equal((await apply(at('v1'), 'm', autoscaler('v1', 3, { targetCPUUtilizationPercentage: 50 }))).status, 201)
  const again = await apply(at('v2'), 'm', autoscaler('v2', 4))
  assert.equal(again.status, 200, again.json.message)
  assert.deepEqual(await owners(), ['m autoscaling/v2'])
  const other = await apply(at('v1'), 'n', autoscaler('v1', 5))
  assert.equal(other.status, 409)
  assert.match(other.json.message, /conflict with "m": \.spec\.maxReplicas$/)
})

test('in another version fields may have other names', async () => {
  const at = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/g`
  const spec = { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } }
  const first = await apply(at('v1'), 'm', {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'g' },
    spec: { ...spec, targetCPUUtilizationPercentage: 50 },
  })
  assert.equal(first.status, 201)
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
  ]
  const second = await apply(at('v2'), 'n', {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'g' },
    spec: { ...spec, metrics },
  })
  assert.equal(second.status, 409)
  assert.match(second.json.message, /conflict with "m": \.spec\.targetCPUUtilizationPercentage$/)
})
