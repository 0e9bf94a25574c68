import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServedApi } from '../../client/discovery.js'
import { untypedKind } from '../../client/discovery.js'
import type { Client } from '../../client/index.js'
import { type MetricSources, metricSources } from './metric-sources.js'

const served = (group: string, version: string, kind: string, plural: string, namespaced = true) => ({
  kind: untypedKind({ group, version, kind, plural, namespaced }),
  verbs: ['get'],
  preferred: true,
})
const api: ServedApi = {
  resources: [
    served('custom.metrics.k8s.io', 'v1beta1', 'MetricValueList', 'pods/qps'),
    served('custom.metrics.k8s.io', 'v1beta2', 'MetricValueList', 'pods/qps'),
    served('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
    served('', 'v1', 'Node', 'nodes', false),
  ],
  failures: [],
  malformed: [],
}

/** Sources that are answered `status` and `body`, and what they ask. */
function asked(body: unknown, status = 200, what = api) {
  const requests: string[] = []
  const client = {
    async request({ path, query }: { path: string; query: URLSearchParams }) {
      requests.push(`${path}?${decodeURIComponent(query.toString())}`)
      return { status, headers: {}, body: { kind: 'object', value: body } }
    },
  } as unknown as Client
  return { requests, sources: metricSources(client, async () => what, new AbortController().signal) }
}

const pods = { namespace: 'n', selector: 'app=a' }
const podMetrics = (name: string, ...containers: readonly (readonly [name: string, cpu?: string])[]) => ({
  metadata: { name, namespace: 'n' },
  timestamp: '2026-01-01T00:00:00Z',
  window: '15.5s',
  containers: containers.map(([name, cpu]) => ({ name, usage: cpu === undefined ? {} : { cpu } })),
})
const time = Date.parse('2026-01-01T00:00:00Z')

describe('metrics are asked for', () => {
  interface Case {
    readonly name: string
    readonly ask: (sources: MetricSources) => Promise<unknown>
    readonly answer: unknown
    readonly request: string
    readonly found: unknown
  }
  const values = { items: [{ describedObject: { name: 'a' }, timestamp: '2026-01-01T00:00:00Z', value: '1500m' }] }
  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', name: 'i' }
  const selector = { matchLabels: { verb: 'GET' } }
  const cases: readonly Case[] = [
    {
      name: 'of resources, the sum of containers; pods of which one does not tell are left out',
      ask: sources => sources.resource(pods, 'cpu'),
      answer: { items: [podMetrics('a', ['c', '100m'], ['d', '250001u']), podMetrics('b', ['c', '1'], ['d'])] },
      request: '/apis/metrics.k8s.io/v1beta1/namespaces/n/pods?labelSelector=app=a',
      found: new Map([['a', { value: 351, time, window: 15_500 }]]),
    },
    {
      name: 'of resources of one container',
      ask: sources => sources.resource(pods, 'cpu', 'd'),
      answer: { items: [podMetrics('a', ['c', '100m'], ['d', '250m'])] },
      request: '/apis/metrics.k8s.io/v1beta1/namespaces/n/pods?labelSelector=app=a',
      found: new Map([['a', { value: 250, time, window: 15_500 }]]),
    },
    {
      name: 'of pods, in the newest version',
      ask: sources => sources.pods(pods, { name: 'qps', selector }),
      answer: values,
      request:
        '/apis/custom.metrics.k8s.io/v1beta2/namespaces/n/pods/*/qps?labelSelector=app=a&metricLabelSelector=verb=GET',
      found: new Map([['a', { value: 1500, time, window: 60_000 }]]),
    },
    {
      name: 'of objects',
      ask: sources => sources.object('n', ingress, { name: 'qps' }),
      answer: values,
      request: '/apis/custom.metrics.k8s.io/v1beta2/namespaces/n/ingresses.networking.k8s.io/i/qps?',
      found: 1500,
    },
    {
      name: 'of objects in no namespace',
      ask: sources => sources.object('n', { apiVersion: 'v1', kind: 'Node', name: 'x' }, { name: 'heat' }),
      answer: values,
      request: '/apis/custom.metrics.k8s.io/v1beta2/nodes/x/heat?',
      found: 1500,
    },
    {
      name: 'of namespaces',
      ask: sources => sources.object('n', { apiVersion: 'v1', kind: 'Namespace', name: 'n' }, { name: 'load' }),
      answer: values,
      request: '/apis/custom.metrics.k8s.io/v1beta2/namespaces/n/metrics/load?',
      found: 1500,
    },
    {
      name: 'from outside, the sum of all series',
      ask: sources => sources.external('n', { name: 'queue', selector }),
      answer: { items: [{ value: '2' }, { value: '500m' }] },
      request: '/apis/external.metrics.k8s.io/v1beta1/namespaces/n/queue?labelSelector=verb=GET',
      found: 2500,
    },
  ]
  for (const { name, ask, answer, request, found } of cases)
    it(name, async () => {
      const { requests, sources } = asked(answer)
      assert.deepEqual(await ask(sources), found)
      assert.deepEqual(requests, [request])
    })
})

describe('metrics cannot be had', () => {
  const none = { items: [] }
  const resource = 'unable to fetch metrics from resource metrics API'
  const custom = 'unable to fetch metrics from custom metrics API'
  const external = 'unable to fetch metrics from external metrics API'
  const byName = (sources: MetricSources) => sources.object('n', { kind: 'Thing', name: 't' }, { name: 'm' })
  const cases: readonly (readonly [
    ask: (sources: MetricSources) => Promise<unknown>,
    sources: ReturnType<typeof asked>,
    message: string,
  ])[] = [
    [s => s.resource(pods, 'cpu'), asked(none), 'no metrics returned from resource metrics API'],
    [
      s => s.resource(pods, 'cpu'),
      asked({ message: '404 page not found' }, 404),
      `${resource}: the server could not find the requested resource (get pods.metrics.k8s.io)`,
    ],
    [
      s => s.resource(pods, 'cpu'),
      asked({ reason: 'Forbidden', message: 'pods.metrics.k8s.io is forbidden' }, 403),
      `${resource}: pods.metrics.k8s.io is forbidden`,
    ],
    [
      s => s.resource(pods, 'cpu', 'x'),
      asked({ items: [podMetrics('a', ['c', '1'])] }),
      'failed to get container metrics: container x not present in metrics for pod n/a',
    ],
    [s => s.pods(pods, { name: 'm' }), asked(none), 'no metrics returned from custom metrics API'],
    [
      s => s.pods(pods, { name: 'm' }),
      asked(none, 200, { ...api, resources: [] }),
      `${custom}: no custom metrics API (custom.metrics.k8s.io) registered`,
    ],
    [byName, asked(none), `${custom}: unable to map kind to resource: no matches for kind "Thing" in group ""`],
    [
      s => s.object('n', { kind: 'Namespace', name: 'n' }, { name: 'm' }),
      asked(none),
      `${custom}: the custom metrics API server returned 0 results when we asked for exactly one`,
    ],
    [s => s.external('n', { name: 'm' }), asked(none), 'no metrics returned from external metrics API'],
    [
      s => s.external('n', { name: 'm' }),
      asked({}, 404),
      `${external}: the server could not find the requested resource (get m.external.metrics.k8s.io)`,
    ],
  ]
  for (const [ask, { sources }, message] of cases) it(message, () => assert.rejects(ask(sources), { message }))
})
