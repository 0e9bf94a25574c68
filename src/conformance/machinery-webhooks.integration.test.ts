import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '../api/admissionregistration/v1/index.js'
import { CustomResourceDefinition } from '../api/apiextensions/v1/index.js'
import { ConfigMap, Namespace, Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { answerOf } from '../client/discovery.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import { startTestWebhook, type TestWebhook } from '../server/webhooks/test-webhook.js'
import {
  anything,
  customKind,
  customObject,
  define,
  definitionOf,
  objectWith,
  text,
  versionOf,
} from './custom-definitions.js'
import { read, requirements } from './requirements.js'

interface Review {
  readonly operation: string
  readonly object: { readonly data?: { readonly [key: string]: string }; readonly metadata?: object } | null
  readonly oldObject: { readonly data?: { readonly [key: string]: string } } | null
}

const allow = { allowed: true }
const deny = (message: string) => ({ allowed: false, status: { message } })
const change = (...operations: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
const stage = (needed: string, added: string) => (request: Review) =>
  request.object?.data?.[needed] === 'yes' ? change({ op: 'add', path: `/data/${added}`, value: 'yes' }) : allow

/** What webhooks at these paths do. */
const behaviours: { readonly [path: string]: (request: Review) => object | undefined | Promise<object | undefined> } = {
  '/refuse': () => deny('it is refused here'),
  '/refuse-marked': ({ object, oldObject }) =>
    (object ?? oldObject)?.data?.mark === 'bad' ? deny('the mark is bad') : allow,
  '/refuse-bad-image': request =>
    JSON.stringify(request.object).includes('"bad:1"') ? deny('the image is bad') : allow,
  '/first': stage('start', 'first'),
  '/second': stage('first', 'second'),
  '/label': () => change({ op: 'add', path: '/metadata/labels', value: { mutated: 'yes' } }),
  '/init-container': () =>
    change({ op: 'add', path: '/spec/initContainers', value: [{ name: 'added', image: 'added:1' }] }),
  '/slow': () => wait(1_200, allow),
  '/hang': () => undefined,
}

const on = (resource: string, operations: readonly string[], apiGroups = ['']) => ({
  apiGroups,
  apiVersions: ['*'],
  operations,
  resources: [resource],
})
const configMaps = on('configmaps', ['CREATE', 'UPDATE'])

requirements('sig-api-machinery: admission webhooks', {}, requirement => {
  let server: TestWebhook
  before(async () => {
    server = await startTestWebhook<Review>((path, request) =>
      behaviours[new URL(path, 'https://hook').pathname]?.(request),
    )
  })
  after(() => server[Symbol.asyncDispose]())

  const hook = (namespace: string, path: string, rule: object, more: object = {}) => ({
    name: `${path.slice(1)}.example.com`,
    clientConfig: { url: server.url + path, caBundle: server.caBundle },
    rules: [rule],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ...more,
  })
  /** Everywhere, not in one namespace alone. */
  const everywhere = { namespaceSelector: {} }
  const register = async (
    client: Client,
    type: 'Mutating' | 'Validating',
    name: string,
    webhooks: readonly object[],
    labels: { readonly [name: string]: string } = {},
  ) => {
    const object = { metadata: { name, labels }, webhooks: webhooks as never }
    await (type === 'Mutating'
      ? client.create(MutatingWebhookConfiguration, object)
      : client.create(ValidatingWebhookConfiguration, object))
  }
  const configMap = (client: Client, namespace: string, name: string, data: { readonly [key: string]: string } = {}) =>
    client.create(ConfigMap, { metadata: { namespace, name }, data })
  const container = { name: 'c', image: 'good:1' }
  const refused = /denied the request: it is refused here/

  requirement('Admission webhook, list mutating webhooks', async ({ client, namespace }) => {
    const labelSelector = `list=${namespace}`
    for (let i = 0; i < 10; i++)
      await register(client, 'Mutating', `${namespace}-${i}`, [hook(namespace, '/first', configMaps)], {
        list: namespace,
      })
    assert.equal((await client.list(MutatingWebhookConfiguration, { labelSelector })).items.length, 10)
    assert.deepEqual((await configMap(client, namespace, 'a', { start: 'yes' })).data, { start: 'yes', first: 'yes' })
    await client.deleteCollection(MutatingWebhookConfiguration, { labelSelector })
    assert.deepEqual((await client.list(MutatingWebhookConfiguration, { labelSelector })).items, [])
    assert.deepEqual((await configMap(client, namespace, 'b', { start: 'yes' })).data, { start: 'yes' })
  })

  requirement('Admission webhook, list validating webhooks', async ({ client, namespace }) => {
    const labelSelector = `list=${namespace}`
    for (let i = 0; i < 10; i++)
      await register(client, 'Validating', `${namespace}-${i}`, [hook(namespace, '/refuse', configMaps)], {
        list: namespace,
      })
    assert.equal((await client.list(ValidatingWebhookConfiguration, { labelSelector })).items.length, 10)
    await assert.rejects(configMap(client, namespace, 'a'), refused)
    await client.deleteCollection(ValidatingWebhookConfiguration, { labelSelector })
    await configMap(client, namespace, 'a')
  })

  requirement('Admission webhook, update mutating webhook', async ({ client, namespace }) => {
    const name = namespace
    await register(client, 'Mutating', name, [hook(namespace, '/first', configMaps)])
    const found = await client.get(MutatingWebhookConfiguration, { name })
    await client.update(MutatingWebhookConfiguration, {
      ...found,
      webhooks: [hook(namespace, '/first', on('configmaps', ['UPDATE']))] as never,
    })
    assert.deepEqual((await configMap(client, namespace, 'a', { start: 'yes' })).data, { start: 'yes' })
    const body = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }]
    await client.patch(MutatingWebhookConfiguration, { name }, { type: 'json', body })
    assert.deepEqual((await configMap(client, namespace, 'b', { start: 'yes' })).data, { start: 'yes', first: 'yes' })
  })

  requirement('Admission webhook, update validating webhook', async ({ client, namespace }) => {
    const name = namespace
    await register(client, 'Validating', name, [hook(namespace, '/refuse', configMaps)])
    const found = await client.get(ValidatingWebhookConfiguration, { name })
    await client.update(ValidatingWebhookConfiguration, {
      ...found,
      webhooks: [hook(namespace, '/refuse', on('configmaps', ['UPDATE']))] as never,
    })
    await configMap(client, namespace, 'a')
    const body = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }]
    await client.patch(ValidatingWebhookConfiguration, { name }, { type: 'json', body })
    await assert.rejects(configMap(client, namespace, 'b'), refused)
  })

  for (const [type, kind, title, rejection] of [
    [
      'Mutating',
      MutatingWebhookConfiguration,
      'Mutating Admission webhook, create and update mutating webhook configuration with matchConditions',
      'Mutating Admission webhook, reject mutating webhook configurations with invalid matchConditions',
    ],
    [
      'Validating',
      ValidatingWebhookConfiguration,
      'Validating Admission webhook, create and update validating webhook configuration with matchConditions',
      'Validing Admission webhook, reject validating webhook configurations with invalid matchConditions',
    ],
  ] as const) {
    requirement(title, async ({ client, namespace }) => {
      const name = namespace
      const conditions = async () =>
        (
          await client.get<{ metadata: object; webhooks?: readonly { matchConditions?: unknown }[] }, unknown>(kind, {
            name,
          })
        ).webhooks?.[0]?.matchConditions
      const first = [{ name: 'first', expression: "object.metadata.namespace == 'a'" }]
      await register(client, type, name, [hook(namespace, '/refuse', configMaps, { matchConditions: first })])
      assert.deepEqual(await conditions(), first)
      const second = [...first, { name: 'second', expression: "request.operation != 'DELETE'" }]
      const body = [{ op: 'replace', path: '/webhooks/0/matchConditions', value: second }]
      await client.patch(kind, { name }, { type: 'json', body })
      assert.deepEqual(await conditions(), second)
    })

    requirement(rejection, async ({ client, namespace }) => {
      const matchConditions = [{ name: 'bad', expression: '... [] bad expression' }]
      await assert.rejects(
        register(client, type, namespace, [hook(namespace, '/refuse', configMaps, { matchConditions })]),
        (error: unknown) =>
          error instanceof StatusError && error.code === 422 && /compilation failed/.test(error.message),
      )
    })
  }

  requirement(
    'Mutating Admission webhook, mutating webhook excluding object with specific name',
    async ({ client, namespace }) => {
      const matchConditions = [{ name: 'not-skipped', expression: "object.metadata.name != 'skip-me'" }]
      await register(client, 'Mutating', namespace, [hook(namespace, '/first', configMaps, { matchConditions })])
      assert.deepEqual((await configMap(client, namespace, 'skip-me', { start: 'yes' })).data, { start: 'yes' })
      assert.equal((await configMap(client, namespace, 'other', { start: 'yes' })).data?.first, 'yes')
    },
  )

  requirement('Admission webhook, deny attach', async ({ client, namespace }) => {
    await register(client, 'Validating', namespace, [hook(namespace, '/refuse', on('pods/attach', ['CONNECT']))])
    await client.create(Pod, { metadata: { namespace, name: 'p' }, spec: { containers: [container] } })
    const path = `/api/v1/namespaces/${namespace}/pods/p/attach`
    const query = new URLSearchParams({ container: 'c', stdout: 'true' })
    const answer = await client.request({ method: 'POST', path, query })
    assert.match(JSON.stringify(await answerOf(answer)), refused)
  })

  requirement('Admission webhook, deny custom resource create and delete', async ({ client, namespace }) => {
    const group = `${namespace}.example.com`
    const kind = customKind(group)
    await define(client, definitionOf(group))
    const rule = on('gadgets', ['CREATE', 'UPDATE', 'DELETE'], [group])
    await register(client, 'Validating', namespace, [hook(namespace, '/refuse-marked', rule)])
    const gadget = (name: string, mark: string) => customObject(group, { namespace, name }, { data: { mark } })
    const why = /denied the request: the mark is bad/
    await assert.rejects(client.create(kind, gadget('a', 'bad')), why)
    await client.create(kind, gadget('a', 'good'))
    const mark = (value: string) => ({ type: 'merge', body: { data: { mark: value } } }) as const
    await assert.rejects(client.patch(kind, { namespace, name: 'a' }, mark('bad')), why)
    await client.delete(ValidatingWebhookConfiguration, { name: namespace })
    await client.patch(kind, { namespace, name: 'a' }, mark('bad'))
    await register(client, 'Validating', namespace, [hook(namespace, '/refuse-marked', rule)])
    await assert.rejects(client.delete(kind, { namespace, name: 'a' }), why)
    await client.delete(ValidatingWebhookConfiguration, { name: namespace })
    await client.delete(kind, { namespace, name: 'a' })
  })

  requirement('Admission webhook, deny create', async ({ client, namespace }) => {
    const pods = on('pods', ['CREATE'])
    const hanging = { timeoutSeconds: 1, objectSelector: { matchLabels: { hang: 'yes' } } }
    // By a label that is not there: where it is set, anything goes.
    const namespaceSelector = { matchExpressions: [{ key: 'spared', operator: 'DoesNotExist' }] }
    const ours = { matchConditions: [{ name: 'ours', expression: `request.namespace.startsWith('${namespace}')` }] }
    await register(client, 'Validating', namespace, [
      hook(namespace, '/refuse-bad-image', pods),
      hook(namespace, '/refuse-marked', configMaps, { namespaceSelector, ...ours }),
      hook(namespace, '/hang', pods, hanging),
    ])
    const pod = (name: string, image: string, labels = {}) =>
      client.create(Pod, { metadata: { namespace, name, labels }, spec: { containers: [{ ...container, image }] } })
    await assert.rejects(pod('bad', 'bad:1'), /the image is bad/)
    await pod('good', 'good:1')
    await assert.rejects(
      pod('hanging', 'good:1', { hang: 'yes' }),
      /failed calling webhook.*(deadline|Client.Timeout) exceeded/,
    )
    await assert.rejects(client.get(Pod, { namespace, name: 'hanging' }), isNotFound)

    await assert.rejects(configMap(client, namespace, 'bad', { mark: 'bad' }), /the mark is bad/)
    const good = await configMap(client, namespace, 'good', { mark: 'good' })
    await assert.rejects(client.update(ConfigMap, { ...good, data: { mark: 'bad' } }), /the mark is bad/)
    const body = { data: { mark: 'bad' } }
    await assert.rejects(client.patch(ConfigMap, good.metadata, { type: 'merge', body }), /the mark is bad/)
    const spared = `${namespace}-spared`
    await client.create(Namespace, { metadata: { name: spared, labels: { spared: 'yes' } } })
    await configMap(client, spared, 'bad', { mark: 'bad' })
  })

  requirement('Admission webhook, deny custom resource definition', async ({ client, namespace }) => {
    const rule = on('customresourcedefinitions', ['CREATE'], ['apiextensions.k8s.io'])
    const objectSelector = { matchLabels: { refuse: namespace } }
    await register(client, 'Validating', namespace, [
      hook(namespace, '/refuse', rule, { ...everywhere, objectSelector }),
    ])
    const definition = definitionOf(`${namespace}.example.com`)
    const metadata = { ...definition.metadata, labels: { refuse: namespace } }
    await assert.rejects(client.create(CustomResourceDefinition, { ...definition, metadata }), refused)
  })

  requirement('Admission webhook, honor timeout', async ({ client, namespace }) => {
    for (const [name, more, late] of [
      ['short-fail', { timeoutSeconds: 1, failurePolicy: 'Fail' }, true],
      ['short-ignore', { timeoutSeconds: 1, failurePolicy: 'Ignore' }, false],
      ['long-fail', { timeoutSeconds: 10, failurePolicy: 'Fail' }, false],
      ['default', { failurePolicy: 'Fail' }, false],
    ] as const) {
      await register(client, 'Validating', namespace, [hook(namespace, '/slow', configMaps, more)])
      if (late)
        await assert.rejects(configMap(client, namespace, name), /failed calling webhook.*(deadline|Timeout) exceeded/)
      else await configMap(client, namespace, name)
      await client.delete(ValidatingWebhookConfiguration, { name: namespace })
    }
  })

  requirement('Admission webhook, discovery document', async ({ client }) => {
    interface Group {
      readonly name: string
      readonly versions: readonly { readonly groupVersion: string; readonly version: string }[]
    }
    const version = { groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' }
    const { groups } = (await read(client, '/apis')) as { groups: readonly Group[] }
    const listed = groups.find(({ name }) => name === 'admissionregistration.k8s.io')
    const own = (await read(client, '/apis/admissionregistration.k8s.io')) as Group
    for (const group of [listed, own])
      assert.deepEqual(
        group?.versions.filter(v => v.version === 'v1'),
        [version],
      )
    const { resources } = (await read(client, '/apis/admissionregistration.k8s.io/v1')) as {
      resources: readonly { name: string }[]
    }
    const names = resources.map(({ name }) => name)
    for (const name of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'])
      assert.ok(names.includes(name), name)
  })

  requirement('Admission webhook, ordered mutation', async ({ client, namespace }) => {
    await register(client, 'Mutating', namespace, [
      hook(namespace, '/first', configMaps),
      hook(namespace, '/second', configMaps),
    ])
    const { data } = await configMap(client, namespace, 'a', { start: 'yes' })
    assert.deepEqual(data, { start: 'yes', first: 'yes', second: 'yes' })
  })

  for (const [title, schema, data] of [
    ['Admission webhook, mutate custom resource', anything, { start: 'yes', first: 'yes', second: 'yes' }],
    [
      'Admission webhook, mutate custom resource with pruning',
      objectWith({ data: objectWith({ start: text, first: text }) }),
      { start: 'yes', first: 'yes' },
    ],
  ] as const)
    requirement(title, async ({ client, namespace }) => {
      const group = `${namespace}.example.com`
      await define(client, definitionOf(group, { versions: [versionOf('v1', true, schema)] }))
      const rule = on('gadgets', ['CREATE'], [group])
      await register(client, 'Mutating', namespace, [hook(namespace, '/first', rule), hook(namespace, '/second', rule)])
      const gadget = customObject(group, { namespace, name: 'a' }, { data: { start: 'yes' } })
      assert.deepEqual((await client.create(customKind(group), gadget)).data, data)
    })

  requirement(
    'Admission webhook, mutate custom resource with different stored version',
    async ({ client, namespace }) => {
      const group = `${namespace}.example.com`
      const versions = (stored: string) => ['v1', 'v2'].map(name => versionOf(name, name === stored, anything))
      const definition = definitionOf(group, { versions: versions('v1') })
      await define(client, definition)
      const rule = on('gadgets', ['CREATE', 'UPDATE'], [group])
      await register(client, 'Mutating', namespace, [hook(namespace, '/first', rule)])
      const ref = { namespace, name: 'a' }
      await client.create(customKind(group), customObject(group, ref, { data: { start: 'yes' } }))
      const body = { spec: { versions: versions('v2') } }
      await client.patch(CustomResourceDefinition, definition.metadata ?? {}, { type: 'merge', body })
      const patch = { type: 'merge', body: { data: { other: 'added' } } } as const
      assert.deepEqual((await client.patch(customKind(group), ref, patch)).data, {
        start: 'yes',
        first: 'yes',
        other: 'added',
      })
    },
  )

  requirement('Admission webhook, mutation with defaulting', async ({ client, namespace }) => {
    await register(client, 'Mutating', namespace, [hook(namespace, '/init-container', on('pods', ['CREATE']))])
    const pod = await client.create(Pod, { metadata: { namespace, name: 'p' }, spec: { containers: [container] } })
    assert.deepEqual(
      pod.spec.initContainers?.map(({ name, terminationMessagePolicy }) => [name, terminationMessagePolicy]),
      [['added', 'File']],
    )
  })

  requirement(
    'Admission webhook, admission control not allowed on webhook configuration objects',
    async ({ client, namespace }) => {
      const rule = (operations: readonly string[]) => on('*', operations, ['admissionregistration.k8s.io'])
      const objectSelector = { matchLabels: { tried: namespace } }
      const more = { ...everywhere, objectSelector }
      await register(client, 'Validating', `${namespace}-refuses`, [hook(namespace, '/refuse', rule(['DELETE']), more)])
      await register(client, 'Mutating', `${namespace}-changes`, [hook(namespace, '/label', rule(['CREATE']), more)])
      const labels = { tried: namespace }
      for (const [type, kind] of [
        ['Validating', ValidatingWebhookConfiguration],
        ['Mutating', MutatingWebhookConfiguration],
      ] as const) {
        await register(client, type, namespace, [hook(namespace, '/refuse', on('none', ['CREATE']))], labels)
        assert.deepEqual((await client.get(kind, { name: namespace })).metadata.labels, labels)
        await client.delete(kind, { name: namespace })
      }
    },
  )

  requirement('Admission webhook, fail closed', async ({ client, namespace }) => {
    const clientConfig = { url: `${server.url}/refuse` }
    await register(client, 'Validating', namespace, [
      hook(namespace, '/refuse', configMaps, { clientConfig, failurePolicy: 'Fail' }),
    ])
    await assert.rejects(
      configMap(client, namespace, 'a'),
      (error: unknown) =>
        error instanceof StatusError && error.code === 500 && /failed calling webhook.*certificate/.test(error.message),
    )
  })
})
