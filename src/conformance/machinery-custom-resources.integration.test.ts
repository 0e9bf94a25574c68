import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { CustomResourceDefinition, type CustomResourceDefinitionInit } from '../api/apiextensions/v1/index.js'
import type { Client } from '../client/client.js'
import { Informer } from '../client/informer.js'
import { eventually } from '../controllers/eventually.js'
import { isNotFound } from '../machinery/status-error.js'
import { startTestWebhook, type TestWebhook } from '../server/webhooks/test-webhook.js'
import {
  type CustomObject,
  customKind,
  customObject,
  define,
  definitionOf,
  objectWith,
  text,
  versionOf,
} from './custom-definitions.js'
import { read, requirements } from './requirements.js'

interface Conversion {
  readonly desiredAPIVersion: string
  readonly objects: readonly { readonly [field: string]: unknown }[]
}

/** v1 says `hostPort: a:80` where v2 says `host: a` and `port: 80`. */
function converted({ desiredAPIVersion, objects }: Conversion): object {
  const convertedObjects = objects.map(({ host, port, hostPort, ...object }) => {
    const [wantedHost = '', wantedPort = ''] = typeof hostPort === 'string' ? hostPort.split(':') : [host, port]
    return {
      ...object,
      apiVersion: desiredAPIVersion,
      ...(desiredAPIVersion.endsWith('/v2')
        ? { host: wantedHost, port: wantedPort }
        : { hostPort: `${wantedHost}:${wantedPort}` }),
    }
  })
  return { result: { status: 'Success' }, convertedObjects }
}

const gone = (find: () => Promise<unknown>) => eventually(() => assert.rejects(find, isNotFound))

const groupOf = (namespace: string) => `${namespace}.example.com`

const names = (items: readonly CustomObject[]) => items.map(({ metadata }) => metadata.name).sort()

requirements('sig-api-machinery: custom resources', {}, requirement => {
  let server: TestWebhook
  before(async () => {
    server = await startTestWebhook<Conversion>((_, request) => converted(request))
  })
  after(() => server[Symbol.asyncDispose]())

  const twoVersions = (stored: string, more: { readonly v1?: object; readonly v2?: object } = {}) => ({
    versions: [
      versionOf('v1', stored === 'v1', objectWith({ hostPort: text }), more.v1),
      versionOf('v2', stored === 'v2', objectWith({ host: text, port: text }), more.v2),
    ],
    conversion: {
      strategy: 'Webhook',
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: { url: `${server.url}/convert`, caBundle: server.caBundle },
      },
    },
  })
  const redefine = (client: Client, definition: CustomResourceDefinitionInit, spec: object) =>
    client.patch(CustomResourceDefinition, definition.metadata ?? {}, { type: 'merge', body: { spec } })

  requirement('Custom Resource Definition, create', async ({ client, namespace }) => {
    const definition = definitionOf(groupOf(namespace))
    await define(client, definition)
    await client.delete(CustomResourceDefinition, definition.metadata ?? {})
    await gone(() => client.get(CustomResourceDefinition, definition.metadata ?? {}))
  })

  requirement('Custom Resource Definition, list', async ({ client, namespace }) => {
    const labels = { list: namespace }
    const labelSelector = `list=${namespace}`
    const listed = async () => (await client.list(CustomResourceDefinition, { labelSelector })).items.length
    await client.create(CustomResourceDefinition, definitionOf(groupOf(namespace)))
    for (let i = 0; i < 10; i++) {
      const definition = definitionOf(`${i}.${groupOf(namespace)}`)
      await client.create(CustomResourceDefinition, { ...definition, metadata: { ...definition.metadata, labels } })
    }
    assert.equal(await listed(), 10)
    await client.deleteCollection(CustomResourceDefinition, { labelSelector })
    await eventually(async () => assert.equal(await listed(), 0))
    await client.get(CustomResourceDefinition, { name: `gadgets.${groupOf(namespace)}` })
  })

  requirement('Custom Resource Definition, status sub-resource', async ({ client, namespace }) => {
    const definition = definitionOf(groupOf(namespace))
    await define(client, definition)
    const ref = { name: `gadgets.${groupOf(namespace)}` }
    const found = await client.get(CustomResourceDefinition, ref)
    const condition = { type: 'Tried', status: 'True', reason: 'Update', message: 'set' } as const
    const types = async () => (await client.get(CustomResourceDefinition, ref)).status?.conditions?.map(c => c.type)
    const conditions = [...(found.status?.conditions ?? []), condition]
    await client.update(
      CustomResourceDefinition,
      { ...found, status: { ...found.status, conditions } },
      { subresource: 'status' },
    )
    assert.ok((await types())?.includes('Tried'))
    const body = { status: { conditions: [...conditions, { ...condition, type: 'Patched' }] } }
    await client.patch(CustomResourceDefinition, ref, { type: 'merge', body }, { subresource: 'status' })
    assert.ok((await types())?.includes('Patched'))
  })

  requirement('Custom Resource Definition, discovery', async ({ client }) => {
    const version = { groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' }
    interface Group {
      readonly name: string
      readonly versions: readonly object[]
    }
    const { groups } = (await read(client, '/apis')) as { groups: readonly Group[] }
    assert.deepEqual(groups.find(({ name }) => name === 'apiextensions.k8s.io')?.versions, [version])
    assert.deepEqual(((await read(client, '/apis/apiextensions.k8s.io')) as Group).versions, [version])
    const { resources } = (await read(client, '/apis/apiextensions.k8s.io/v1')) as { resources: { name: string }[] }
    assert.ok(resources.some(({ name }) => name === 'customresourcedefinitions'))
  })

  requirement('Custom Resource Definition, watch', async ({ client, namespace }) => {
    const group = groupOf(namespace)
    const kind = customKind(group)
    await define(client, definitionOf(group))
    const { resourceVersion } = await client.list(kind, { namespace })
    for (const name of ['a', 'b']) await client.create(kind, customObject(group, { namespace, name }))
    await client.patch(kind, { namespace, name: 'a' }, { type: 'merge', body: { size: 1 } })
    for (const name of ['a', 'b']) await client.delete(kind, { namespace, name })
    const seen: string[] = []
    for await (const event of client.watch(kind, { namespace, resourceVersion })) {
      if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.metadata.name}`)
      if (seen.length === 5) break
    }
    assert.deepEqual(seen, ['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED a', 'DELETED b'])
  })

  requirement('Custom Resource Definition, defaulting', async ({ client, namespace }) => {
    const group = groupOf(namespace)
    const kind = customKind(group)
    const withDefault = (field: string) => ({
      versions: [versionOf('v1', true, objectWith({ a: text, b: text, [field]: { ...text, default: field } }))],
    })
    const definition = definitionOf(group, withDefault('none'))
    await define(client, definition)
    const first = { namespace, name: 'first' }
    const fields = async (name: string) => {
      const { a, b } = await client.get(kind, { namespace, name })
      return [a, b]
    }
    await client.create(kind, customObject(group, first))
    assert.deepEqual(await fields('first'), [undefined, undefined])
    await redefine(client, definition, withDefault('a'))
    await eventually(async () => assert.deepEqual(await fields('first'), ['a', undefined]))
    await client.create(kind, customObject(group, { namespace, name: 'second' }))
    assert.deepEqual(await fields('second'), ['a', undefined])
    // What was stored with its default keeps it.
    await redefine(client, definition, withDefault('b'))
    await eventually(async () => assert.deepEqual(await fields('second'), ['a', 'b']))
    assert.deepEqual(await fields('first'), [undefined, 'b'])
  })

  requirement(
    'Custom Resource Definition Conversion Webhook, conversion custom resource',
    async ({ client, namespace }) => {
      const group = groupOf(namespace)
      await define(client, definitionOf(group, twoVersions('v1')))
      await client.create(customKind(group), customObject(group, { namespace, name: 'a' }, { hostPort: 'one:80' }))
      const { apiVersion, host, port, hostPort } = await client.get(customKind(group, 'v2'), { namespace, name: 'a' })
      assert.deepEqual([apiVersion, host, port, hostPort], [`${group}/v2`, 'one', '80', undefined])
    },
  )

  requirement(
    'Custom Resource Definition Conversion Webhook, convert mixed version list',
    async ({ client, namespace }) => {
      const group = groupOf(namespace)
      const definition = definitionOf(group, twoVersions('v1'))
      await define(client, definition)
      await client.create(customKind(group), customObject(group, { namespace, name: 'a' }, { hostPort: 'one:80' }))
      await redefine(client, definition, twoVersions('v2'))
      const two = { host: 'two', port: '81' }
      await client.create(customKind(group, 'v2'), customObject(group, { namespace, name: 'b' }, two, 'v2'))
      const shown = async (version: string) =>
        (await client.list(customKind(group, version), { namespace })).items.map(({ apiVersion, host, hostPort }) => [
          apiVersion,
          host ?? hostPort,
        ])
      assert.deepEqual(await shown('v2'), [
        [`${group}/v2`, 'one'],
        [`${group}/v2`, 'two'],
      ])
      assert.deepEqual(await shown('v1'), [
        [`${group}/v1`, 'one:80'],
        [`${group}/v1`, 'two:81'],
      ])
    },
  )

  requirement(
    'custom-resource-definition-field-selectors-list-watch-register-informers',
    async ({ client, namespace }) => {
      const group = groupOf(namespace)
      const [v1, v2] = [customKind(group), customKind(group, 'v2')]
      const spec = twoVersions('v1', {
        v1: { selectableFields: [{ jsonPath: '.hostPort' }] },
        v2: { selectableFields: [{ jsonPath: '.host' }, { jsonPath: '.port' }] },
      })
      await define(client, definitionOf(group, spec))
      const { resourceVersion } = await client.list(v2, { namespace })
      const selections = [
        [v1, 'hostPort=one:80'],
        [v2, 'host=one'],
        [v2, 'host=one,port=80'],
      ] as const
      const informers = selections.map(([kind, fieldSelector]) =>
        new Informer(kind, { client, selection: { namespace, fieldSelector } }).start(),
      )
      after(() => Promise.all(informers.map(informer => informer[Symbol.asyncDispose]())))
      await Promise.all(informers.map(informer => informer.synced()))
      const make = (name: string, hostPort: string) =>
        client.create(v1, customObject(group, { namespace, name }, { hostPort }))
      await make('a', 'one:80')
      await make('b', 'one:8080')
      await make('c', 'two:80')
      const shown = async (expected: readonly (readonly string[])[]) => {
        for (const [i, [kind, fieldSelector]] of selections.entries()) {
          assert.deepEqual(names((await client.list(kind, { namespace, fieldSelector })).items), expected[i])
          await eventually(() => assert.deepEqual(names(informers[i]?.list() ?? []), expected[i]))
        }
      }
      await shown([['a'], ['a', 'b'], ['a']])
      await client.patch(v1, { namespace, name: 'a' }, { type: 'merge', body: { hostPort: 'two:80' } })
      await client.patch(v1, { namespace, name: 'b' }, { type: 'merge', body: { hostPort: 'one:80' } })
      await shown([['b'], ['b'], ['b']])
      await client.delete(v1, { namespace, name: 'b' })
      await shown([[], [], []])
      const seen: string[] = []
      for await (const event of client.watch(v2, { namespace, resourceVersion, fieldSelector: 'host=one' })) {
        if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.metadata.name}`)
        if (seen.length === 5) break
      }
      assert.deepEqual(seen, ['ADDED a', 'ADDED b', 'DELETED a', 'MODIFIED b', 'DELETED b'])
      await assert.rejects(client.list(v1, { namespace, fieldSelector: 'host=one' }), /field label not supported/)
    },
  )
})
