import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from '../../../api/admissionregistration/v1/index.js'
import { ConfigMap, Namespace, Service } from '../../../api/core/v1/index.js'
import { ControlPlane } from '../../../cluster/control-plane.js'
import { startTestWebhook, type TestWebhook } from '../../webhooks/test-webhook.js'

interface Seen {
  readonly path: string
  // biome-ignore lint/suspicious/noExplicitAny: reviews are looked into freely
  readonly request: any
}

type Respond = (seen: Seen) => object | undefined

const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }]

describe('admission webhooks', () => {
  let plane: ControlPlane
  let server: TestWebhook
  let caBundle = ''
  let url = ''
  let respond: Respond = () => ({})
  let seen: Seen[] = []
  let namespace = ''
  let count = 0

  before(async () => {
    server = await startTestWebhook<Seen['request']>((path, request) => {
      const call = { path, request }
      seen.push(call)
      const answer = respond(call)
      return answer && { allowed: true, ...answer }
    })
    caBundle = server.caBundle
    url = server.url
    plane = await ControlPlane.start({ controllers: false, scheduler: false })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    seen = []
    respond = () => ({})
    namespace = `hooks-${++count}`
    await plane.client.create(Namespace, { metadata: { name: namespace } })
  })

  const webhook = (rest: object) => ({
    name: `w${count}.example.com`,
    clientConfig: { url: `${url}/check`, caBundle },
    rules,
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ...rest,
  })
  const validating = (rest: object = {}) =>
    plane.client.create(ValidatingWebhookConfiguration, {
      metadata: { name: `v-${count}` },
      webhooks: [webhook(rest)] as never,
    })
  const mutating = (...webhooks: readonly object[]) =>
    plane.client.create(MutatingWebhookConfiguration, {
      metadata: { name: `m-${count}` },
      webhooks: webhooks.map((rest, i) => webhook({ name: `w${i}.example.com`, ...rest })) as never,
    })
  const make = (name: string, data: { readonly [key: string]: string } = {}, options = {}) =>
    plane.client.create(ConfigMap, { metadata: { namespace, name }, data }, options)
  const patch = (operations: readonly object[]) => ({
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  })

  it('see the request whole, and refuse with their own words', async () => {
    respond = ({ request }) =>
      request.object.data?.bad ? { allowed: false, status: { code: 403, reason: 'Forbidden', message: 'bad' } } : {}
    await validating()
    await make('good', { a: '1' })
    await assert.rejects(make('bad', { bad: '1' }), {
      code: 403,
      reason: 'Forbidden',
      message: `admission webhook "w${count}.example.com" denied the request: bad`,
    })
    const [first] = seen
    assert.equal(first?.path, '/check?timeout=10s')
    assert.deepEqual(first?.request.kind, { group: '', version: 'v1', kind: 'ConfigMap' })
    assert.deepEqual(first?.request.resource, { group: '', version: 'v1', resource: 'configmaps' })
    assert.equal(first?.request.operation, 'CREATE')
    assert.equal(first?.request.object.metadata.name, 'good')
    assert.ok(first?.request.object.metadata.uid)
    assert.equal(first?.request.oldObject, null)
    assert.ok(first?.request.userInfo.groups.length)
  })

  it('change objects one after the other, and are asked again if they want to', async () => {
    const labels: string[] = []
    respond = ({ path, request }) => {
      labels.push(`${path[1]}:${Object.keys(request.object.data ?? {}).join()}`)
      const key = path[1] ?? ''
      return request.object.data?.[key] ? {} : patch([{ op: 'add', path: `/data/${key}`, value: '1' }])
    }
    await mutating(
      { clientConfig: { url: `${url}/a`, caBundle }, reinvocationPolicy: 'IfNeeded' },
      { clientConfig: { url: `${url}/b`, caBundle } },
    )
    assert.deepEqual((await make('x', { own: '1' })).data, { a: '1', b: '1', own: '1' })
    assert.deepEqual(labels, ['a:own', 'b:a,own', 'a:a,b,own'])
  })

  it('that fail stop the request, unless they are to be ignored', async () => {
    const clientConfig = { url: 'https://127.0.0.1:1/x', caBundle }
    await validating({ clientConfig })
    await assert.rejects(make('a'), {
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: failed calling webhook "w${count}.example.com": failed to call webhook: Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused`,
    })
    const body = { webhooks: [webhook({ clientConfig, failurePolicy: 'Ignore' })] }
    await plane.client.patch(ValidatingWebhookConfiguration, { name: `v-${count}` }, { type: 'merge', body })
    await make('a')
  })

  it('that are too slow are given up', async () => {
    respond = () => undefined
    await validating({ timeoutSeconds: 1 })
    await assert.rejects(make('a'), /context deadline exceeded/)
  })

  it('are not asked where their conditions do not hold, nor in a dry run with side effects', async () => {
    respond = () => ({ allowed: false })
    await validating({ matchConditions: [{ name: 'c', expression: "object.metadata.name != 'spared'" }] })
    await make('spared')
    await assert.rejects(make('other'), /denied the request without explanation/)
  })

  it('are found by their service, and must be who its name says', async () => {
    await plane.client.create(Namespace, { metadata: { name: 'services' } })
    const port = Number(new URL(url).port)
    for (const name of ['hook', 'other'])
      await plane.client.create(Service, {
        metadata: { namespace: 'services', name },
        spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
      })
    await validating()
    const call = async (name: string) => {
      const service = { namespace: 'services', name, path: '/s', port }
      const body = { webhooks: [webhook({ clientConfig: { service, caBundle } })] }
      await plane.client.patch(ValidatingWebhookConfiguration, { name: `v-${count}` }, { type: 'merge', body })
      await make(name)
    }
    await call('hook')
    assert.equal(seen[0]?.path, '/s?timeout=10s')
    await assert.rejects(call('other'), /other.services.svc/)
    await assert.rejects(
      call('none'),
      /Post "https:\/\/none.services.svc:\d+\/s\?timeout=10s": service "none" not found/,
    )
  })

  it('that lie are caught', async () => {
    await mutating({})
    const wide = Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/k${i}` }))
    const long = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }))
    const deep = `${'['.repeat(900)}${']'.repeat(900)}`
    const lies: [what: string, answer: object, why: RegExp][] = [
      ['of another request', { uid: 'x' }, /expected response\.uid=/],
      ['a status of no sense', { allowed: false, status: { code: 'x' } }, /failed calling webhook/],
      ['a code of no sense', { allowed: false, status: { code: 70_000, message: 'm' } }, /denied the request: m/],
      ['no status', { allowed: false, status: null }, /denied the request without explanation/],
      ['a patch of copies', patch(wide), /failed calling webhook/],
      ['a patch without an end', patch(long), /failed calling webhook/],
      ['a patch to nowhere', patch([{ op: 'add', path: '/a/b/c', value: 1 }]), /failed calling webhook/],
      ['a patch to another kind', patch([{ op: 'replace', path: '/data', value: 7 }]), /failed calling webhook/],
      [
        'a patch to what is deep',
        patch([{ op: 'add', path: '/data/a', value: JSON.parse(deep) }]),
        /failed calling webhook/,
      ],
      [
        'a patch to another name',
        patch([{ op: 'replace', path: '/metadata/namespace', value: 'kube-system' }]),
        /namespace/,
      ],
    ]
    for (const [what, answer, why] of lies) {
      respond = () => answer
      await assert.rejects(
        make('x'),
        (error: Error & { code: number }) => {
          assert.match(error.message, why, what)
          assert.ok(error.message.length < 2000, what)
          assert.ok(error.code >= 400 && error.code < 600, `${what}: ${error.code}`)
          return true
        },
        what,
      )
    }
    const answer = { warnings: Array.from({ length: 10_000 }, (_, i) => `w\r\nX-Evil: ${i}`) }
    respond = () => answer
    await make('x')
  })

  it('may answer no nonsense', async () => {
    respond = () => ({ uid: 'another' })
    await validating()
    await assert.rejects(make('a'), /expected response.uid="[0-9a-f-]+", got "another"/)
  })
})
