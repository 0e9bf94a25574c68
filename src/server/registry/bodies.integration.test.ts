import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrapEnvelope } from '../../schema/index.js'
import { TestServer } from '../test-server.js'

test('bodies of other kinds and versions', async () => {
  await using server = await TestServer.start()
  const autoscalers = '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers'
  const otherVersion = (data: string, expected: string) =>
    `the API version in the data (${data}) does not match the expected API version (${expected})`
  const namespace = '/api/v1/namespaces/default'
  for (const [path, apiVersion, kind, message] of [
    [autoscalers, 'autoscaling/v2', 'HorizontalPodAutoscaler', otherVersion('autoscaling/v2', 'autoscaling/v1')],
    ['/apis/events.k8s.io/v1/namespaces/default/events', 'v1', 'Event', otherVersion('v1', 'events.k8s.io/v1')],
    [
      `${namespace}/configmaps`,
      'v1',
      'Secret',
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      `${namespace}/configmaps`,
      'v1',
      'ConfigMapList',
      'ConfigMapList in version "v1" cannot be handled as a ConfigMap: converting (v1.ConfigMapList) to (core.ConfigMap): unknown conversion',
    ],
    [
      `${namespace}/configmaps`,
      'v1',
      'FooList',
      'FooList in version "v1" cannot be handled as a ConfigMap: no kind "FooList" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
  ] as const) {
    const body = { apiVersion, kind, metadata: { name: 'a' } }
    const { status, json } = await server.http2({ method: 'POST', path, body })
    assert.deepEqual([status, json.message], [400, message])
  }
})

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

test('bodies that are no object', async () => {
  await using server = await TestServer.start()
  const configMaps = '/api/v1/namespaces/default/configmaps'
  await server.http2({ method: 'POST', path: configMaps, body: { metadata: { name: 'a' } } })
  const array =
    'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
  const unrecognized = 'the object provided is unrecognized (must be of type ConfigMap): '
  for (const [method, path, media, body, status, message] of [
    ['POST', configMaps, 'json', '[]', 400, `${unrecognized}${array} (5b5d)`],
    ['POST', configMaps, 'yaml', '[]', 400, `${unrecognized}${array} (5b5d)`],
    ['POST', configMaps, 'yaml', '{', 400, `${unrecognized}yaml: line 1: did not find expected ',' or '}' ({)`],
    ['PATCH', `${configMaps}/a`, 'merge-patch+json', 'null', 400, 'Invalid JSON Patch'],
    [
      'PATCH',
      `${configMaps}/a?fieldValidation=Ignore`,
      'merge-patch+json',
      '[]',
      422,
      ` "" is invalid: patch: Invalid value: "[]": ${array}`,
    ],
    ['DELETE', `${configMaps}/a`, 'json', '[]', 400, array],
  ] as const) {
    const headers = { 'content-type': `application/${media}` }
    const answer = await server.http2({ method, path, body, headers })
    assert.deepEqual([answer.status, answer.json.message], [status, message])
  }
})

test('opaque fields may hold anything', async () => {
  await using server = await TestServer.start()
  const path = '/apis/apps/v1/namespaces/default/controllerrevisions'
  for (const [name, data] of [
    ['text', 'x'],
    ['number', 1.5],
    ['list', [null, {}]],
    ['false', false],
  ] as const) {
    const created = await server.http2({ method: 'POST', path, body: { metadata: { name }, data, revision: 1 } })
    assert.deepEqual([created.status, created.json.data], [201, data])
    const fieldsV1 = { managedFields: [{ manager: 'm', operation: 'Update', fieldsV1: data }] }
    const body = { metadata: { name, ...fieldsV1 }, data, revision: 2 }
    const updated = await server.http2({ method: 'PUT', path: `${path}/${name}`, body })
    assert.deepEqual([updated.status, updated.json.data, updated.json.revision], [200, data, 2])
  }
})

test('deletion options that are none', async () => {
  await using server = await TestServer.start()
  const path = '/api/v1/namespaces/default/configmaps/a'
  for (const [query, body, status, message] of [
    ['', '{', 400, "couldn't get version/kind; json parse error: unexpected end of JSON input"],
    [
      '',
      '{"gracePeriodSeconds":"x"}',
      400,
      'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    ],
    [
      '?dryRun=',
      '',
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: [""]: supported values: "All"',
    ],
  ] as const) {
    const answer = await server.http2({ method: 'DELETE', path: path + query, body })
    assert.deepEqual([answer.status, answer.json.message], [status, message])
  }
})

test('keys that stand twice in YAML', async () => {
  await using server = await TestServer.start()
  const path = '/api/v1/namespaces/default/configmaps'
  const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: a\ndata:\n  x: "1"\n  x: "2"\n'
  const faults = ['line 5: key "name" already set in map', 'line 8: key "x" already set in map']
  const unmarshal = `yaml: unmarshal errors:\n${faults.map(fault => `  ${fault}`).join('\n')}`
  for (const [method, at, media, message] of [
    [
      'POST',
      path,
      'yaml',
      `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${unmarshal}`,
    ],
    [
      'PATCH',
      `${path}/a?fieldManager=m&`,
      'apply-patch+yaml',
      `error strict decoding YAML: error converting YAML to JSON: ${unmarshal}`,
    ],
  ] as const) {
    const write = (fieldValidation: string) => {
      const headers = { 'content-type': `application/${media}` }
      const query = at.endsWith('&') ? '' : '?'
      return server.http2({ method, path: `${at}${query}dryRun=All&fieldValidation=${fieldValidation}`, body, headers })
    }
    const { status, json } = await write('Strict')
    assert.deepEqual([status, json.message], [400, message])
    const warned = await write('Warn')
    assert.equal(warned.status, 201, warned.text)
    assert.equal(warned.headers['warning'], faults.map(fault => `299 - ${JSON.stringify(fault)}`).join(', '))
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
    ['k8s\0\n\x09', 'unexpected EOF (6b3873000a09)'],
    // What the envelope says it is.
    ['k8s\0\n\x0f\n\x02v1\x12\x09ConfigMap\x12\x01\n', 'unexpected EOF'],
  ] as const) {
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' }
    const { status, json } = await server.http2({ method: 'POST', path, body: Buffer.from(body, 'latin1'), headers })
    const before = why.endsWith(')') ? unrecognized : 'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
    assert.deepEqual([status, json.message], [400, before + why])
  }
})
