import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createClusterPki } from '../../cluster/pki.js'
import { TestServer, until, type WireAnswer } from '../test-server.js'
import { startTestWebhook, type TestWebhook } from '../webhooks/test-webhook.js'
import { base, define, definitionOf, definitionPath, group, objectOf } from './test-definitions.js'

interface ConversionRequest {
  readonly desiredAPIVersion: string
  readonly objects: readonly { readonly [field: string]: unknown }[]
}

const mergePatch = { 'content-type': 'application/merge-patch+json' }

describe('custom resources', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server[Symbol.asyncDispose]())
  const post = (plural: string, body: unknown, query = '') =>
    server.http2({ method: 'POST', path: `${base}/${plural}${query}`, body })
  const get = (path: string, headers = {}) => server.http2({ path, headers })
  const patch = (path: string, body: unknown) => server.http2({ method: 'PATCH', path, body, headers: mergePatch })

  it('are scaled where nobody has said how many there are', async () => {
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { crew: { type: 'integer' } } } },
    }
    const scale = { specReplicasPath: '.spec.crew', statusReplicasPath: '.status.crew' }
    await define(server, definitionOf('boats', schema, { subresources: { scale } }))
    await post('boats', objectOf('boats', 'a'))
    const path = `${base}/boats/a/scale`
    const missing = 'Internal error occurred: the spec replicas field ".spec.crew" does not exist'
    for (const [method, body, status, answer] of [
      ['GET', undefined, 500, missing],
      ['PATCH', {}, 400, 'the spec replicas field ".spec.crew" cannot be empty'],
      ['PATCH', { spec: { replicas: 4 } }, 200, 4],
      ['GET', undefined, 200, 4],
      ['PUT', { metadata: { name: 'a' }, spec: { replicas: 2 } }, 200, 2],
    ] as const) {
      const { json, ...rest } = await server.http2({
        method,
        path,
        ...(body ? { body: method === 'PUT' ? { apiVersion: 'autoscaling/v1', kind: 'Scale', ...body } : body } : {}),
        headers: method === 'PATCH' ? mergePatch : {},
      })
      assert.deepEqual([rest.status, json.message ?? json.spec.replicas], [status, answer])
    }
  })

  it('are read with the fields and defaults of their schema', async () => {
    await define(
      server,
      definitionOf('gadgets', {
        type: 'object',
        properties: {
          spec: {
            type: 'object',
            default: {},
            properties: {
              size: { type: 'integer', default: 3 },
              note: { type: 'string', nullable: true },
              free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              items: {
                type: 'array',
                items: { type: 'object', properties: { port: { type: 'integer', default: 80 } } },
              },
            },
          },
        },
      }),
    )
    const spec = { note: null, free: { any: [1] }, items: [{ port: null, extra: 1 }], extra: true }
    const created = await post('gadgets', objectOf('gadgets', 'a', { spec }))
    assert.equal(created.status, 201)
    assert.deepEqual(created.json.spec, { size: 3, note: null, free: { any: [1] }, items: [{ port: 80 }] })
    assert.deepEqual(
      created.headers['warning'],
      '299 - "unknown field \\"spec.extra\\"", 299 - "unknown field \\"spec.items[0].extra\\""',
    )
    assert.deepEqual((await post('gadgets', objectOf('gadgets', 'b'))).json.spec, { size: 3 })
  })

  it('that were stored before a default show it, too', async () => {
    const added = [
      {
        op: 'add',
        path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/late',
        value: { type: 'string', default: 'x' },
      },
    ]
    const headers = { 'content-type': 'application/json-patch+json' }
    await server.http2({ method: 'PATCH', path: definitionPath('gadgets'), body: added, headers })
    await until(async () => (await get(`${base}/gadgets/b`)).json.spec.late === 'x')
    const { json } = await get(`${base}/gadgets`)
    assert.deepEqual(
      json.items.map(({ spec }: { spec: { late: string } }) => spec.late),
      ['x', 'x'],
    )
  })

  it('know neither protobuf nor strategic merge', async () => {
    const protobuf = await get(`${base}/gadgets/a`, { accept: 'application/vnd.kubernetes.protobuf' })
    assert.equal(protobuf.status, 406)
    const headers = { 'content-type': 'application/strategic-merge-patch+json' }
    const strategic = await server.http2({ method: 'PATCH', path: `${base}/gadgets/a`, body: {}, headers })
    assert.equal(strategic.status, 415)
  })

  it('say of methods that make no sense what is wrong with them', async () => {
    const kind = `gadgets.${group}`
    const created = await post('gadgets/zz', objectOf('gadgets', 'posted'))
    assert.deepEqual([created.status, created.json.metadata.name], [201, 'posted'])
    for (const [method, path, code, message] of [
      ['PUT', 'gadgets', 400, 'name must be provided'],
      ['PATCH', 'gadgets', 400, 'name must be provided'],
      ['OPTIONS', 'gadgets', 405, ` is not supported on resources of kind "${kind}"`],
    ] as const) {
      const { status, json } = await server.http2({ method, path: `${base}/${path}`, body: {}, headers: mergePatch })
      assert.deepEqual([status, json.message], [code, message], `${method} ${path}`)
    }
  })

  it('answer HEAD as they answer GET', async () => {
    await post('gadgets', objectOf('gadgets', 'headed'))
    for (const [path, code] of [
      ['gadgets', 200],
      ['gadgets/headed', 200],
      ['gadgets/nobody', 404],
    ] as const) {
      const { status } = await server.http2({ method: 'HEAD', path: `${base}/${path}` })
      assert.equal(status, code, path)
    }
  })

  it('count changes of what is called status where it is no subresource', async () => {
    const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const
    await define(server, definitionOf('plains', schema))
    await post('plains', objectOf('plains', 'a', { status: { x: 1 } }))
    const { json } = await patch(`${base}/plains/a`, { status: { x: 2 } })
    assert.deepEqual([json.metadata.generation, json.status], [2, { x: 2 }])
  })

  it('are checked by rules, but not for what was there before', async () => {
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            fixed: {
              type: 'string',
              maxLength: 10,
              'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is fixed' }],
            },
            once: {
              type: 'integer',
              'x-kubernetes-validations': [
                {
                  rule: 'oldSelf.hasValue() || self == 1',
                  optionalOldSelf: true,
                  messageExpression: "'got ' + (self > 1 ? 'more' : 'less')",
                },
              ],
            },
            other: { type: 'string' },
          },
          'x-kubernetes-validations': [{ rule: 'has(self.other)', reason: 'FieldValueRequired', fieldPath: '.other' }],
        },
      },
    } as const
    await define(server, definitionOf('rules', schema as never))
    const spec = { fixed: 'a', once: 1, other: 'x' }
    assert.equal((await post('rules', objectOf('rules', 'a', { spec }))).status, 201)
    const causes = (answer: WireAnswer) =>
      answer.json.details.causes.map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`)
    assert.deepEqual(causes(await patch(`${base}/rules/a`, { spec: { fixed: 'b' } })), [
      'spec.fixed: Invalid value: "b": is fixed',
    ])
    assert.deepEqual(causes(await post('rules', objectOf('rules', 'b', { spec: { once: 2 } }))), [
      'spec.other: Required value: failed rule: has(self.other)',
      'spec.once: Invalid value: 2: got more',
    ])
    assert.equal((await patch(`${base}/rules/a`, { spec: { once: 5 } })).status, 200)
  })

  it('keep what they always had when the schema grows stricter', async () => {
    const text = { type: 'string' } as const
    const schema = { type: 'object', properties: { a: text, b: text } } as const
    await define(server, definitionOf('stricts', schema))
    await post('stricts', objectOf('stricts', 'x', { a: 'long', b: 'long' }))
    const stricter = {
      spec: {
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', maxLength: 1 }, b: text } },
            },
          },
        ],
      },
    }
    await patch(definitionPath('stricts'), stricter)
    await until(
      async () => (await post('stricts', objectOf('stricts', 'y', { a: 'long' }), '?dryRun=All')).status === 422,
    )
    assert.equal((await patch(`${base}/stricts/x`, { b: 'other' })).status, 200)
    assert.equal((await patch(`${base}/stricts/x`, { a: 'longer' })).status, 422)
  })

  it('are applied by the keys of their lists', async () => {
    const schema = {
      type: 'object',
      properties: {
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, port: { type: 'integer' } },
          },
        },
      },
    } as const
    await define(server, definitionOf('lists', schema as never))
    const apply = (manager: string, ports: unknown) =>
      server.http2({
        method: 'PATCH',
        path: `${base}/lists/a?fieldManager=${manager}`,
        body: objectOf('lists', 'a', { ports }),
        headers: { 'content-type': 'application/apply-patch+yaml' },
      })
    assert.equal((await apply('one', [{ name: 'a', port: 1 }])).status, 201)
    assert.deepEqual((await apply('two', [{ name: 'b', port: 2 }])).json.ports, [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ])
    assert.equal((await apply('two', [{ name: 'a', port: 2 }])).status, 409)
    assert.deepEqual((await apply('one', [])).json.ports, [{ name: 'b', port: 2 }])
  })

  it('are found by their selectable fields, and published', async () => {
    const schema = { type: 'object', description: 'A pick.', properties: { color: { type: 'string' } } } as const
    const version = {
      selectableFields: [{ jsonPath: '.color' }],
      additionalPrinterColumns: [{ name: 'Color', type: 'string', jsonPath: '.color' }],
    }
    const definition = definitionOf('picks', schema)
    Object.assign(definition.spec.versions[0] as object, version)
    await define(server, definition)
    await post('picks', objectOf('picks', 'r', { color: 'red' }))
    await post('picks', objectOf('picks', 'b', { color: 'blue' }))
    const { json } = await get(`${base}/picks?fieldSelector=color%3Dred`)
    assert.deepEqual(
      json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['r'],
    )
    const table = await get(`${base}/picks`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
    assert.deepEqual(
      table.json.rows.map(({ cells }: { cells: unknown }) => cells),
      [
        ['b', 'blue'],
        ['r', 'red'],
      ],
    )
    const openapi = await get(`/openapi/v3/apis/${group}/v1`)
    const published = openapi.json.components.schemas['com.example.test.v1.Pick']
    assert.equal(published.description, 'A pick.')
    assert.deepEqual(Object.keys(published.properties).sort(), ['apiVersion', 'color', 'kind', 'metadata'])
  })

  it('go before their definition does, and hold it while they are held', async () => {
    await define(server, definitionOf('goers', { type: 'object' }))
    const held = objectOf('goers', 'held')
    await post('goers', { ...held, metadata: { name: 'held', finalizers: ['hold'] } })
    await post('goers', objectOf('goers', 'free'))
    await server.http2({ method: 'DELETE', path: definitionPath('goers') })
    await until(async () => (await get(`${base}/goers/free`)).status === 404)
    const { conditions } = (await get(definitionPath('goers'))).json.status
    assert.deepEqual(
      conditions.flatMap((c: { type: string; status: string; reason: string }) =>
        c.type === 'Terminating' ? [[c.status, c.reason]] : [],
      ),
      [['True', 'InstanceDeletionInProgress']],
    )
    const refused = await post('goers', objectOf('goers', 'late'))
    assert.deepEqual(
      [refused.status, refused.json.message],
      [405, 'create not allowed while custom resource definition is terminating'],
    )
    await patch(`${base}/goers/held`, { metadata: { finalizers: null } })
    await until(async () => (await get(definitionPath('goers'))).status === 404)
    await until(async () => (await get(`${base}/goers`)).status === 404)
    // The name can be taken again, by something else.
    await define(server, definitionOf('goers', { type: 'object', properties: { x: { type: 'string' } } }))
    assert.deepEqual((await get(`${base}/goers`)).json.items, [])
  })
})

describe('custom resources of a server that starts again', () => {
  it('are served from its first answer', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'custom-resources-'))
    try {
      const pki = await createClusterPki()
      {
        await using server = await TestServer.start({ dataDir, pki })
        await define(server, definitionOf('keeps', { type: 'object', properties: { x: { type: 'string' } } }))
        await server.http2({ method: 'POST', path: `${base}/keeps`, body: objectOf('keeps', 'a', { x: 'y' }) })
      }
      await using server = await TestServer.start({ dataDir, pki })
      assert.equal((await server.http2({ path: `${base}/keeps/a` })).json.x, 'y')
    } finally {
      await rm(dataDir, { recursive: true })
    }
  })
})

describe('custom resources of several versions', () => {
  let server: TestServer
  let webhook: TestWebhook
  let asked = 0
  const schema = (field: string) => ({
    openAPIV3Schema: { type: 'object', properties: { [field]: { type: 'string' } } },
  })
  before(async () => {
    server = await TestServer.start()
    webhook = await startTestWebhook<ConversionRequest>((_, { desiredAPIVersion, objects }) => {
      asked++
      const convertedObjects = objects.map(({ oldName, newName, ...object }) => ({
        ...object,
        apiVersion: desiredAPIVersion,
        ...(desiredAPIVersion.endsWith('/v2') ? { newName: oldName } : { oldName: newName }),
      }))
      return { result: { status: 'Success' }, convertedObjects }
    })
    const conversion = {
      strategy: 'Webhook',
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: { url: `${webhook.url}/convert`, caBundle: webhook.caBundle },
      },
    }
    const versions = [
      {
        name: 'v1',
        served: true,
        storage: false,
        schema: schema('oldName'),
        selectableFields: [{ jsonPath: '.oldName' }],
      },
      { name: 'v2', served: true, storage: true, schema: schema('newName') },
    ]
    await define(server, definitionOf('twos', { type: 'object' }, [], { versions, conversion }))
  })
  after(async () => {
    await webhook[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('are converted by the webhook, each once', async () => {
    const v2 = base.replace('/v1/', '/v2/')
    const created = await server.http2({
      method: 'POST',
      path: `${base}/twos`,
      body: objectOf('twos', 'a', { oldName: 'x' }),
    })
    assert.deepEqual([created.status, created.json.oldName], [201, 'x'])
    assert.equal((await server.http2({ path: `${v2}/twos/a` })).json.newName, 'x')
    const before = asked
    for (let i = 0; i < 3; i++) assert.equal((await server.http2({ path: `${base}/twos` })).json.items[0].oldName, 'x')
    assert.equal(asked, before)
    const changed = await server.http2({
      method: 'PATCH',
      path: `${v2}/twos/a`,
      body: { newName: 'y' },
      headers: mergePatch,
    })
    assert.equal(changed.json.newName, 'y')
    assert.equal((await server.http2({ path: `${base}/twos/a` })).json.oldName, 'y')
  })

  it('are watched in the version asked for', async () => {
    const stream = server.stream({ path: `${base}/twos?watch=1` })
    let text = ''
    stream.on('data', chunk => {
      text += chunk
    })
    await server.http2({ method: 'POST', path: `${base}/twos`, body: objectOf('twos', 'b', { oldName: 'z' }) })
    await until(() => text.includes('"oldName":"z"'))
    assert.ok(!text.includes('newName'))
    stream.close()
  })

  it('are selected as they are converted, not as they are kept', async () => {
    const query = `watch=1&resourceVersion=0&fieldSelector=${encodeURIComponent('oldName=wanted')}`
    const stream = server.stream({ path: `${base}/twos?${query}` })
    let text = ''
    stream.on('data', chunk => {
      text += chunk
    })
    for (const [name, oldName] of [
      ['c', 'other'],
      ['d', 'wanted'],
    ] as const)
      await server.http2({ method: 'POST', path: `${base}/twos`, body: objectOf('twos', name, { oldName }) })
    const path = `${base}/twos/d`
    await server.http2({ method: 'PATCH', path, body: { oldName: 'other' }, headers: mergePatch })
    await until(() => text.includes('"type":"DELETED"'))
    const events = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(
      events.map(({ type, object }) => [type, object.metadata.name, object.oldName]),
      [
        ['ADDED', 'd', 'wanted'],
        ['DELETED', 'd', 'wanted'],
      ],
    )
    stream.close()
  })

  it('name their kind in lists', async () => {
    for (const query of ['', '?pretty=1']) {
      const { json } = await server.http2({ path: `${base}/twos${query}` })
      for (const { apiVersion, kind } of json.items) assert.deepEqual([apiVersion, kind], [`${group}/v1`, 'Two'])
    }
  })
})
