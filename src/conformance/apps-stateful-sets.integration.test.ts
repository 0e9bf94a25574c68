import assert from 'node:assert/strict'
import { StatefulSet, type StatefulSetInit } from '../api/apps/v1/index.js'
import type { Scale } from '../api/autoscaling/v1/index.js'
import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { podActive, podReady } from '../controllers/pod-state.js'
import { read, requirements } from './requirements.js'

type Changes = Partial<NonNullable<StatefulSetInit['spec']>>

const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: 'db' } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'db', image }], ...more },
})

const statefulSet = (namespace: string, replicas: number, changes: Changes = {}): StatefulSetInit => ({
  metadata: { namespace, name: 'db', labels: { app: 'db' } },
  spec: {
    replicas,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: template('db:1'),
    ...changes,
  },
})

const podsOf = async (client: Client, namespace: string) =>
  (await client.list(Pod, { namespace, labelSelector: 'app=db' })).items.toSorted((a, b) =>
    (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1,
  )

const settled = (client: Client, namespace: string): Promise<StatefulSet> =>
  eventually(async () => {
    const set = await client.get(StatefulSet, { namespace, name: 'db' })
    until(set.status.observedGeneration === set.metadata.generation, 'observed')
    until((set.status.readyReplicas ?? 0) === set.spec.replicas, `${set.status.readyReplicas} ready`)
    until(set.status.replicas === set.spec.replicas, `${set.status.replicas} pods`)
    return set
  })

const change = (client: Client, namespace: string, spec: object) =>
  client.patch(StatefulSet, { namespace, name: 'db' }, { type: 'strategic', body: { spec } })

/** In which order pods come (+) and go (-), from now until `stop` is called. */
async function order(client: Client, namespace: string): Promise<() => readonly string[]> {
  const { resourceVersion } = await client.list(Pod, { namespace })
  const stop = new AbortController()
  const seen: string[] = []
  void (async () => {
    for await (const event of client.watch(Pod, { namespace, resourceVersion, signal: stop.signal }))
      if (event.type === 'ADDED' || event.type === 'DELETED')
        seen.push(`${event.type === 'ADDED' ? '+' : '-'}${event.object.metadata.name}`)
  })()
  return () => {
    stop.abort()
    return seen
  }
}

requirements('sig-apps: stateful sets', {}, requirement => {
  requirement('StatefulSet, Scaling', async ({ client, namespace }) => {
    const seen = await order(client, namespace)
    await client.create(StatefulSet, statefulSet(namespace, 3))
    await settled(client, namespace)
    await change(client, namespace, { replicas: 0 })
    await settled(client, namespace)
    await eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
    assert.deepEqual(seen(), ['+db-0', '+db-1', '+db-2', '-db-2', '-db-1', '-db-0'])
  })

  requirement('StatefulSet, Scaling: halts while a pod is not ready', async ({ client, namespace }) => {
    const gate = { readinessGates: [{ conditionType: 'example.com/open' }] }
    await client.create(StatefulSet, statefulSet(namespace, 2, { template: template('db:1', gate) }))
    await eventually(async () => until((await podsOf(client, namespace))[0]?.status.phase === 'Running', 'running'))
    // Long enough for whoever would not wait.
    await eventually(async () =>
      until((await client.get(StatefulSet, { namespace, name: 'db' })).status.replicas === 1, 'it is counted'),
    )
    assert.deepEqual(
      (await podsOf(client, namespace)).map(({ metadata }) => metadata.name),
      ['db-0'],
    )
  })

  requirement('StatefulSet, Burst Scaling', async ({ client, namespace }) => {
    const gate = { readinessGates: [{ conditionType: 'example.com/open' }] }
    const spec = { podManagementPolicy: 'Parallel', template: template('db:1', gate) }
    await client.create(StatefulSet, statefulSet(namespace, 3, spec))
    await eventually(async () => until((await podsOf(client, namespace)).length === 3, 'three, though none is ready'))
    await change(client, namespace, { replicas: 0 })
    await eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
  })

  requirement('StatefulSet resource Replica scaling', async ({ client, namespace }) => {
    await client.create(StatefulSet, statefulSet(namespace, 1))
    await settled(client, namespace)
    const scale = (await read(client, `/apis/apps/v1/namespaces/${namespace}/statefulsets/db/scale`)) as Scale
    assert.deepEqual([scale.spec.replicas, scale.status.replicas, scale.status.selector], [1, 1, 'app=db'])
    const body = { type: 'merge', body: { spec: { replicas: 2 } } } as const
    await client.patch(StatefulSet, { namespace, name: 'db' }, body, { subresource: 'scale' })
    assert.equal((await settled(client, namespace)).spec.replicas, 2)
  })

  requirement('StatefulSet, Rolling Update', async ({ client, namespace }) => {
    await client.create(StatefulSet, statefulSet(namespace, 3))
    const { status } = await settled(client, namespace)
    assert.equal(status.currentRevision, status.updateRevision)
    const seen = await order(client, namespace)
    await change(client, namespace, { template: template('db:2') })
    const updated = await eventually(async () => {
      const set = await settled(client, namespace)
      until(set.status.updatedReplicas === 3 && set.status.currentRevision === set.status.updateRevision, 'updated')
      return set
    })
    assert.notEqual(updated.status.updateRevision, status.updateRevision)
    assert.deepEqual(
      seen().filter(change => change.startsWith('-')),
      ['-db-2', '-db-1', '-db-0'],
    )
    // And back to what it was.
    await change(client, namespace, { template: template('db:1') })
    await eventually(async () => {
      const set = await settled(client, namespace)
      until(set.status.currentRevision === status.currentRevision, 'the first revision again')
    })
    assert.ok((await podsOf(client, namespace)).every(({ spec }) => spec.containers[0]?.image === 'db:1'))
  })

  requirement('StatefulSet, Rolling Update with Partition', async ({ client, namespace }) => {
    const partition = (number: number) => ({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: number } },
    })
    const images = async () => (await podsOf(client, namespace)).map(({ spec }) => spec.containers[0]?.image)
    await client.create(StatefulSet, statefulSet(namespace, 3, partition(3)))
    await settled(client, namespace)
    await change(client, namespace, { template: template('db:2') })
    await settled(client, namespace)
    assert.deepEqual(await images(), ['db:1', 'db:1', 'db:1'])
    await change(client, namespace, partition(2))
    await eventually(async () => assert.deepEqual(await images(), ['db:1', 'db:1', 'db:2']))
    await settled(client, namespace)
    // What is deleted comes back as it was.
    for (const name of ['db-0', 'db-2']) await client.delete(Pod, { namespace, name })
    await eventually(async () => until((await podsOf(client, namespace)).filter(podReady).length === 3, 'all are back'))
    assert.deepEqual(await images(), ['db:1', 'db:1', 'db:2'])
    await change(client, namespace, partition(0))
    await eventually(async () => assert.deepEqual(await images(), ['db:2', 'db:2', 'db:2']))
  })

  requirement('StatefulSet, Recreate Failed Pod', async ({ client, namespace }) => {
    await client.create(StatefulSet, statefulSet(namespace, 1))
    await settled(client, namespace)
    const ref = { namespace, name: 'db-0' }
    const before = await client.get(Pod, ref)
    const failed = { type: 'merge', body: { status: { phase: 'Failed' } } } as const
    await client.patch(Pod, ref, failed, { subresource: 'status' })
    await eventually(async () => {
      const pod = await client.get(Pod, ref)
      until(pod.metadata.uid !== before.metadata.uid && podActive(pod) && podReady(pod), 'another one is there')
    })
  })

  requirement('StatefulSet, list, patch and delete a collection of StatefulSets', async ({ client, namespace }) => {
    await client.create(StatefulSet, statefulSet(namespace, 1))
    await settled(client, namespace)
    const body = { metadata: { labels: { step: 'patched' } }, spec: { replicas: 2, template: template('db:2') } }
    await client.patch(StatefulSet, { namespace, name: 'db' }, { type: 'strategic', body })
    await settled(client, namespace)
    assert.equal((await client.list(StatefulSet, { labelSelector: 'step=patched' })).items.length, 1)
    await client.deleteCollection(StatefulSet, { namespace, labelSelector: 'step=patched' })
    await eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
  })

  requirement('StatefulSet, status sub-resource', async ({ client, namespace }) => {
    await client.create(StatefulSet, statefulSet(namespace, 1))
    await settled(client, namespace)
    const body = { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } }
    const ref = { namespace, name: 'db' }
    const patched = await client.patch(StatefulSet, ref, { type: 'merge', body }, { subresource: 'status' })
    assert.ok(patched.status.conditions?.some(({ type }) => type === 'StatusPatched'))
  })
})
