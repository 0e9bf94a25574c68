import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ReplicaSet } from '../../api/apps/v1/index.js'
import { Pod } from '../../api/core/v1/index.js'
import { Eviction, PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { replicaSets } from '../replicaset/replica-set.js'
import { bareControlPlane } from '../test-control-plane.js'
import { disruption } from './disruption.js'

const namespace = 'n'

it('evictions stop where a budget says so, and go on once pods are replaced', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace(namespace)
  await using _running = runControllers([replicaSets, disruption], { client, onError: plane.onError })
  const labels = { app: 'x' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } }
  await client.create(ReplicaSet, {
    metadata: { namespace, name: 'r' },
    spec: { replicas: 3, selector: { matchLabels: labels }, template },
  })
  await client.create(PodDisruptionBudget, {
    metadata: { namespace, name: 'b' },
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  })
  const status = async () => (await client.get(PodDisruptionBudget, { namespace, name: 'b' })).status
  const pods = async () =>
    (await client.list(Pod, { namespace })).items.filter(({ metadata }) => !metadata.deletionTimestamp)
  const allReady = () =>
    eventually(async () => {
      const there = await pods()
      assert.equal(there.length, 3)
      for (const { metadata, status } of there)
        if (status.phase === 'Pending') {
          const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]
          await client.patch(
            Pod,
            metadata,
            { type: 'merge', body: { status: { phase: 'Running', conditions } } },
            { subresource: 'status' },
          )
        }
      const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } = await status()
      assert.deepEqual([currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed], [3, 2, 3, 1])
    })
  const evict = async (name: string) => {
    const response = await client.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: {
        kind: 'object',
        value: { apiVersion: 'policy/v1', kind: Eviction.gvk.kind, metadata: { name, namespace } },
      },
    })
    return response.status
  }
  await allReady()
  const [first, second] = await pods()
  assert.equal(await evict(first?.metadata.name ?? ''), 201)
  assert.equal(await evict(second?.metadata.name ?? ''), 429)
  await allReady()
  assert.equal(await evict(second?.metadata.name ?? ''), 201)
  assert.deepEqual(plane.faults.map(String), [])
})
