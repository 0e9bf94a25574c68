import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import { StatusError } from '../machinery/status-error.js'
import type { Client } from './client.js'
import { Discovery, discover, type ServedApi } from './discovery.js'

type Answers = { readonly [path: string]: object | number }

function served(answers: Answers, asked: string[] = []): Client {
  const request = async ({ path }: Partial<ApiRequest>): Promise<ApiResponse> => {
    asked.push(path ?? '')
    const answer = answers[path ?? ''] ?? 404
    const status = typeof answer === 'number' ? answer : 200
    const value = typeof answer === 'number' ? { kind: 'Status', code: answer, message: `answered ${answer}` } : answer
    return { status, headers: {}, body: { kind: 'bytes', chunks: [Buffer.from(JSON.stringify(value))] } }
  }
  return { request } as unknown as Client
}

const lines = ({ resources }: ServedApi): string[] =>
  resources.map(
    ({ kind: { gvk, plural, namespaced }, verbs, preferred }) =>
      `${gvk.group}/${gvk.version} ${plural} ${gvk.kind} ${namespaced ? 'namespaced' : 'cluster'} ${verbs.join('+')}${preferred ? ' preferred' : ''}`,
  )

const resource = (plural: string, kind: string, verbs = ['list']) => ({
  resource: plural,
  responseKind: { group: '', version: '', kind },
  scope: 'Namespaced',
  verbs,
  subresources: [{ subresource: 'status' }],
})

const plain: Answers = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/api/v1': {
    kind: 'APIResourceList',
    resources: [
      { name: 'pods', kind: 'Pod', namespaced: true, verbs: ['list', 'delete'] },
      { name: 'pods/status', kind: 'Pod', namespaced: true, verbs: ['get'] },
      { name: 'nodes', kind: 'Node', namespaced: false, verbs: ['list'] },
    ],
  },
  '/apis': {
    kind: 'APIGroupList',
    groups: [
      {
        name: 'example.com',
        versions: [{ groupVersion: 'example.com/v2beta1' }, { groupVersion: 'example.com/v1' }],
        preferredVersion: { groupVersion: 'example.com/v1' },
      },
      { name: 'down', versions: [{ groupVersion: 'down/v1' }, { groupVersion: 'a/b/c' }] },
    ],
  },
  '/apis/example.com/v1': { resources: [{ name: 'things', kind: 'Thing', namespaced: true, verbs: ['list'] }] },
  '/apis/example.com/v2beta1': {
    resources: [
      { name: 'things', kind: 'Thing', namespaced: true, verbs: ['list'] },
      { name: 'others', kind: 'Other', namespaced: true, verbs: null },
    ],
  },
  '/apis/down/v1': 503,
}

describe('discovery', () => {
  test('reads one document a root', async () => {
    const asked: string[] = []
    const client = served(
      {
        '/api': {
          kind: 'APIGroupDiscoveryList',
          items: [
            { metadata: {}, versions: [{ version: 'v1', resources: [resource('pods', 'Pod', ['get', 'list'])] }] },
          ],
        },
        '/apis': {
          kind: 'APIGroupDiscoveryList',
          items: [
            {
              metadata: { name: 'example.com' },
              versions: [
                { version: 'v1', freshness: 'Current', resources: [resource('things', 'Thing')] },
                { version: 'v1beta1', resources: [resource('things', 'Thing'), resource('others', 'Other')] },
              ],
            },
            { metadata: { name: 'gone' }, versions: [{ version: 'v1', freshness: 'Stale', resources: [] }] },
          ],
        },
      },
      asked,
    )
    const api = await discover(client)
    assert.deepEqual(lines(api), [
      '/v1 pods Pod namespaced get+list preferred',
      'example.com/v1 things Thing namespaced list preferred',
      'example.com/v1beta1 things Thing namespaced list',
      'example.com/v1beta1 others Other namespaced list preferred',
    ])
    assert.deepEqual(api.failures, [{ groupVersion: 'gone/v1', message: 'stale GroupVersion discovery: gone/v1' }])
    assert.deepEqual(asked, ['/api', '/apis'])
  })

  test('asks version by version where there is no such document', async () => {
    const api = await discover(served(plain))
    assert.deepEqual(lines(api), [
      '/v1 pods Pod namespaced list+delete preferred',
      '/v1 nodes Node cluster list preferred',
      'example.com/v1 things Thing namespaced list preferred',
      'example.com/v2beta1 things Thing namespaced list',
      'example.com/v2beta1 others Other namespaced  preferred',
    ])
    assert.deepEqual(api.failures, [{ groupVersion: 'down/v1', message: 'answered 503' }])
    assert.deepEqual(api.malformed, ['a/b/c'])
  })

  test('throws when nothing can be told', async () => {
    await assert.rejects(
      discover(served({ ...plain, '/apis': 503 })),
      (error: unknown) => error instanceof StatusError && error.code === 503,
    )
  })
})

test('is asked once by all who want to know at the same time, and again for what came later', async () => {
  const asked: string[] = []
  const discovery = new Discovery(served(plain, asked))
  const count = () => asked.filter(path => path === '/apis').length
  const before = discovery.now
  const [one, two] = await Promise.all([discovery.since(before), discovery.since(before)])
  assert.equal(one, two)
  assert.equal(count(), 1)
  assert.equal(await discovery.since(), one)
  assert.equal(await discovery.since(before), one)
  assert.equal(count(), 1)
  assert.notEqual(await discovery.since(discovery.now), one)
  assert.equal(count(), 2)
})

test('a failure is not remembered', async () => {
  const answers: Record<string, object | number> = { ...plain, '/api': 500 }
  const discovery = new Discovery(served(answers))
  await assert.rejects(discovery.since())
  answers['/api'] = { kind: 'APIVersions', versions: ['v1'] }
  assert.equal((await discovery.since()).malformed.length, 1)
})
