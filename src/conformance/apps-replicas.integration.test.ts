import assert from 'node:assert/strict'
import { ReplicaSet } from '../api/apps/v1/index.js'
import type { Scale } from '../api/autoscaling/v1/index.js'
import { Pod, ReplicationController, ResourceQuota } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { podActive } from '../controllers/pod-state.js'
import { isNotFound } from '../machinery/status-error.js'
import { read, requirements } from './requirements.js'

const template = (labels: Record<string, string> = { app: 'web' }) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'web:1' }] },
})

const replicaSet = (namespace: string, replicas: number, name = 'web') => ({
  metadata: { namespace, name, labels: { app: 'web' } },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template() },
})

const controller = (namespace: string, replicas: number, name = 'web') => ({
  metadata: { namespace, name, labels: { app: 'web' } },
  spec: { replicas, selector: { app: 'web' }, template: template() },
})

const podsOf = async (client: Client, namespace: string) =>
  (await client.list(Pod, { namespace })).items.filter(podActive)

const owned = (pods: readonly Pod[]) =>
  pods.filter(({ metadata }) => metadata.ownerReferences?.some(one => one.controller))

/** Makes a pod that nobody owns, whose labels match. */
const lonely = (client: Client, namespace: string) =>
  client.create(Pod, {
    metadata: { namespace, name: 'lonely', labels: { app: 'web' } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'web:1' }] },
  })

const isOwned = (client: Client, namespace: string, name: string, wanted: boolean) =>
  eventually(async () => {
    const pod = await client.get(Pod, { namespace, name })
    until(owned([pod]).length === (wanted ? 1 : 0), `${name} is ${wanted ? '' : 'not '}owned`)
  })

const relabel = (client: Client, namespace: string, name: string) =>
  client.patch(Pod, { namespace, name }, { type: 'merge', body: { metadata: { labels: { app: 'other' } } } })

requirements('sig-apps: replica sets and replication controllers', {}, requirement => {
  for (const [kind, make, path] of [
    [ReplicaSet, replicaSet, (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/replicasets/web`],
    [
      ReplicationController,
      controller,
      (namespace: string) => `/api/v1/namespaces/${namespace}/replicationcontrollers/web`,
    ],
  ] as const) {
    const words = kind === ReplicaSet ? 'Replica Set' : 'Replication Controller'
    const create = (client: Client, namespace: string, replicas: number) =>
      kind === ReplicaSet
        ? client.create(ReplicaSet, replicaSet(namespace, replicas))
        : client.create(ReplicationController, make(namespace, replicas) as ReturnType<typeof controller>)
    const available = (client: Client, namespace: string, replicas: number) =>
      eventually(async () => {
        const { metadata, status } = (await read(client, path(namespace))) as ReplicaSet
        until(status.observedGeneration === metadata.generation, 'observed')
        until((status.availableReplicas ?? 0) === replicas, `${status.availableReplicas} available`)
      })

    requirement(`${words}, run basic image`, async ({ client, namespace }) => {
      await create(client, namespace, 2)
      await available(client, namespace, 2)
      assert.equal(owned(await podsOf(client, namespace)).length, 2)
    })

    requirement(`${words}, adopt matching pods and release non matching pods`, async ({ client, namespace }) => {
      await lonely(client, namespace)
      await create(client, namespace, 1)
      await isOwned(client, namespace, 'lonely', true)
      assert.equal((await podsOf(client, namespace)).length, 1)
      await relabel(client, namespace, 'lonely')
      await isOwned(client, namespace, 'lonely', false)
      await eventually(async () => until(owned(await podsOf(client, namespace)).length === 1, 'it has been replaced'))
    })

    requirement(`${words}, completes the scaling of its subresource`, async ({ client, namespace }) => {
      await create(client, namespace, 1)
      await available(client, namespace, 1)
      const scale = (await read(client, `${path(namespace)}/scale`)) as Scale
      assert.deepEqual([scale.spec.replicas, scale.status.selector], [1, 'app=web'])
      const body = { ...scale, spec: { replicas: 2 } }
      await client.request({
        method: 'PUT',
        path: `${path(namespace)}/scale`,
        headers: { 'content-type': 'application/json' },
        body: { kind: 'object', value: body },
      })
      await available(client, namespace, 2)
      await client.request({
        method: 'PATCH',
        path: `${path(namespace)}/scale`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { kind: 'object', value: { spec: { replicas: 4 } } },
      })
      await available(client, namespace, 4)
    })

    requirement(`${words}, check for issues like exceeding allocated quota`, async ({ client, namespace }) => {
      await client.create(ResourceQuota, { metadata: { namespace, name: 'two' }, spec: { hard: { pods: '2' } } })
      await eventually(async () =>
        until(
          (await client.get(ResourceQuota, { namespace, name: 'two' })).status.hard?.['pods'] === '2',
          'the quota holds',
        ),
      )
      await create(client, namespace, 3)
      const failure = async () =>
        ((await read(client, path(namespace))) as ReplicaSet).status.conditions?.find(
          ({ type }) => type === 'ReplicaFailure',
        )
      await eventually(async () => until((await failure())?.status === 'True', 'it says that it cannot'))
      assert.match((await failure())?.message ?? '', /exceeded quota: two/)
      await client.request({
        method: 'PATCH',
        path: path(namespace),
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { kind: 'object', value: { spec: { replicas: 2 } } },
      })
      await eventually(async () => until((await failure()) === undefined, 'the condition is gone'))
    })
  }

  requirement('ReplicaSet, is created, Replaced and Patched', async ({ client, namespace }) => {
    const ref = { namespace, name: 'web' }
    await client.create(ReplicaSet, replicaSet(namespace, 1))
    const found = await eventually(async () => {
      const set = await client.get(ReplicaSet, ref)
      until(set.status.availableReplicas === 1, 'available')
      return set
    })
    await client.update(ReplicaSet, { ...found, spec: { ...found.spec, replicas: 2 } })
    const body = { metadata: { labels: { step: 'patched' } }, spec: { replicas: 3 } }
    await client.patch(ReplicaSet, ref, { type: 'strategic', body })
    await eventually(async () => until((await client.get(ReplicaSet, ref)).status.availableReplicas === 3, 'three'))
  })

  requirement('ReplicaSet, list and delete a collection of ReplicaSets', async ({ client, namespace }) => {
    for (const name of ['a', 'b']) await client.create(ReplicaSet, { ...replicaSet(namespace, 0, name) })
    assert.equal((await client.list(ReplicaSet, { labelSelector: 'app=web', namespace })).items.length, 2)
    await client.deleteCollection(ReplicaSet, { namespace, labelSelector: 'app=web' })
    await eventually(async () => assert.deepEqual((await client.list(ReplicaSet, { namespace })).items, []))
  })

  requirement('ReplicaSet, status sub-resource', async ({ client, namespace }) => {
    await client.create(ReplicaSet, replicaSet(namespace, 0))
    const condition = { type: 'StatusUpdate', status: 'True', reason: 'Test', message: 'set by a test' }
    const ref = { namespace, name: 'web' }
    const patch = { type: 'merge', body: { status: { conditions: [condition] } } } as const
    const patched = await client.patch(ReplicaSet, ref, patch, { subresource: 'status' })
    assert.deepEqual(
      patched.status.conditions?.map(({ type }) => type),
      ['StatusUpdate'],
    )
  })

  requirement('Replication Controller, lifecycle', async ({ client, namespace }) => {
    const ref = { namespace, name: 'web' }
    const { resourceVersion } = await client.list(ReplicationController, { namespace })
    await client.create(ReplicationController, controller(namespace, 1))
    const types: string[] = []
    const watched = (async () => {
      for await (const event of client.watch(ReplicationController, { namespace, resourceVersion })) {
        if (event.type !== 'BOOKMARK') types.push(event.type)
        if (event.type === 'DELETED') return
      }
    })()
    await client.patch(ReplicationController, ref, {
      type: 'strategic',
      body: { metadata: { labels: { step: 'patched' } } },
    })
    await client.patch(
      ReplicationController,
      ref,
      { type: 'merge', body: { status: { conditions: [{ type: 'Tried', status: 'True' }] } } },
      { subresource: 'status' },
    )
    await client.deleteCollection(ReplicationController, { namespace, labelSelector: 'step=patched' })
    await watched
    assert.ok(types[0] === 'ADDED' && types.includes('MODIFIED') && types.at(-1) === 'DELETED')
    await assert.rejects(client.get(ReplicationController, ref), isNotFound)
  })
})
