import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { APIService } from '../api/apiregistration/v1/index.js'
import { NodeMetrics, PodMetrics } from '../api/metrics/v1beta1/index.js'
import { ClusterRole } from '../api/rbac/v1/index.js'
import { answerOf } from '../client/discovery.js'
import { eventually } from '../controllers/eventually.js'
import type { ResourceMetrics } from '../metrics/index.js'
import { ControlPlane } from './control-plane.js'

const at = { timestamp: '2026-01-01T00:00:00Z', window: '15.02s' }
const podMetrics = (namespace: string, name: string, labels: { readonly [key: string]: string }): PodMetrics => ({
  kind: 'PodMetrics',
  apiVersion: 'metrics.k8s.io/v1beta1',
  metadata: { name, namespace, labels } as PodMetrics['metadata'],
  ...at,
  containers: [
    { name: 'web', usage: { cpu: '1500u', memory: '20Mi' } },
    { name: 'side', usage: { cpu: '500u', memory: '1Mi' } },
  ],
})
const all = [
  podMetrics('default', 'a', { app: 'a' }),
  podMetrics('default', 'b', { app: 'b' }),
  podMetrics('kube-system', 'a', {}),
]
const given: ResourceMetrics = {
  nodes: () => [
    {
      kind: 'NodeMetrics',
      apiVersion: 'metrics.k8s.io/v1beta1',
      metadata: { name: 'n1', labels: { zone: 'z' } } as unknown as NodeMetrics['metadata'],
      ...at,
      usage: { cpu: '250m', memory: '1000Ki' },
    },
  ],
  pods: namespace => all.filter(({ metadata }) => !namespace || metadata.namespace === namespace),
}

describe('metrics.k8s.io', () => {
  let plane: ControlPlane
  before(async () => {
    plane = await ControlPlane.start({ port: false, resourceMetrics: given, controllers: false, scheduler: false })
  })
  after(() => plane[Symbol.asyncDispose]())

  const get = async (path: string, accept = 'application/json') => {
    const [pathname = '', query = ''] = path.split('?')
    const response = await plane.server.handle({
      method: 'GET',
      path: pathname,
      query: new URLSearchParams(query),
      headers: { accept },
      body: { kind: 'none' },
      signal: new AbortController().signal,
      remoteAddress: '',
      user: { name: 'admin', groups: ['system:masters'] },
    })
    return { status: response.status, value: (await answerOf(response)) as { [field: string]: unknown } }
  }
  const names = (items: readonly { readonly metadata: { readonly namespace?: string; readonly name?: string } }[]) =>
    items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`)

  it('shows pods of all namespaces, of one, and of those that labels select', async () => {
    const { client } = plane
    assert.deepEqual(names((await client.list(PodMetrics)).items), ['default/a', 'default/b', 'kube-system/a'])
    assert.deepEqual(names((await client.list(PodMetrics, { namespace: 'default' })).items), ['default/a', 'default/b'])
    const selected = await client.list(PodMetrics, { namespace: 'default', labelSelector: 'app=b' })
    assert.deepEqual(names(selected.items), ['default/b'])
    assert.deepEqual(names((await client.list(PodMetrics, { namespace: 'none' })).items), [])
    assert.deepEqual((await client.get(PodMetrics, { namespace: 'default', name: 'a' })).containers, all[0]?.containers)
  })

  it('shows nodes', async () => {
    const { items } = await plane.client.list(NodeMetrics, { labelSelector: 'zone=z' })
    assert.deepEqual(
      items.map(({ usage }) => usage),
      [{ cpu: '250m', memory: '1000Ki' }],
    )
    assert.equal((await plane.client.get(NodeMetrics, { name: 'n1' })).window, '15.02s')
  })

  it('says what it has no figures of', async () => {
    const pod = await get('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/none')
    assert.deepEqual([pod.status, pod.value['message']], [404, 'podmetrics.metrics.k8s.io "default/none" not found'])
    const node = await get('/apis/metrics.k8s.io/v1beta1/nodes/none')
    assert.deepEqual([node.status, node.value['message']], [404, 'nodemetrics.metrics.k8s.io "none" not found'])
    await assert.rejects(plane.client.delete(NodeMetrics, { name: 'n1' }), { code: 405 })
  })

  it('is discovered, and registered as served here', async () => {
    const { value } = await get('/apis/metrics.k8s.io/v1beta1')
    assert.deepEqual(value['resources'], [
      { name: 'nodes', singularName: 'nodemetrics', namespaced: false, kind: 'NodeMetrics', verbs: ['get', 'list'] },
      { name: 'pods', singularName: 'podmetrics', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
    ])
    const { spec } = await plane.client.get(APIService, { name: 'v1beta1.metrics.k8s.io' })
    assert.deepEqual([spec.service, spec.groupPriorityMinimum, spec.versionPriority], [undefined, 100, 100])
  })

  it('makes room for another server of metrics', async () => {
    const name = 'v1beta1.metrics.k8s.io'
    const ours = await plane.client.get(APIService, { name })
    const service = { namespace: 'kube-system', name: 'metrics-server' }
    const body = { spec: { service, insecureSkipTLSVerify: true } }
    await plane.client.patch(APIService, { name }, { type: 'merge', body })
    // There is no such service in fact.
    await eventually(() => assert.rejects(plane.client.list(NodeMetrics), { code: 503 }))
    await plane.client.patch(
      APIService,
      { name },
      { type: 'merge', body: { spec: { service: null, insecureSkipTLSVerify: null } } },
    )
    await eventually(async () => assert.equal((await plane.client.list(NodeMetrics)).items.length, 1))
    assert.equal((await plane.client.get(APIService, { name })).spec.group, ours.spec.group)
  })

  it('is for whoever may view', async () => {
    const role = await plane.client.get(ClusterRole, { name: 'system:aggregated-metrics-reader' })
    assert.equal(role.metadata.labels?.['rbac.authorization.k8s.io/aggregate-to-view'], 'true')
  })

  it('is not there where nobody measures', async () => {
    await using bare = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
    await assert.rejects(bare.client.list(NodeMetrics), { code: 404 })
    await assert.rejects(bare.client.get(APIService, { name: 'v1beta1.metrics.k8s.io' }), { code: 404 })
  })
})
