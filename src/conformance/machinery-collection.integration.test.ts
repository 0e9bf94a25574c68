import assert from 'node:assert/strict'
import { Deployment, ReplicaSet } from '../api/apps/v1/index.js'
import { ConfigMap, Namespace, Pod, ReplicationController, Secret, Service } from '../api/core/v1/index.js'
import type { Client, DeleteOptions } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import { requirements } from './requirements.js'

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'web:1' }] },
}

const controller = (namespace: string, name = 'web', replicas = 2) => ({
  metadata: { namespace, name },
  spec: { replicas, selector: { app: 'web' }, template },
})

const podsOf = async (client: Client, namespace: string) => (await client.list(Pod, { namespace })).items

const gone = (find: () => Promise<unknown>) => eventually(() => assert.rejects(find, isNotFound))

requirements('sig-api-machinery: what is deleted with what', {}, requirement => {
  for (const [name, propagationPolicy] of [
    ['Garbage Collector, delete replication controller, propagation policy background', 'Background'],
    ['Garbage Collector, delete replication controller, after owned pods', 'Foreground'],
    ['Garbage Collector, delete replication controller, propagation policy orphan', 'Orphan'],
  ] as const)
    requirement(name, async ({ client, namespace }) => {
      const ref = { namespace, name: 'web' }
      await client.create(ReplicationController, controller(namespace))
      await eventually(async () => until((await podsOf(client, namespace)).length === 2, 'two pods'))
      await client.delete(ReplicationController, ref, { propagationPolicy })
      if (propagationPolicy === 'Foreground') {
        // The owner is the last to go.
        const found = await client.get(ReplicationController, ref).catch(() => undefined)
        if (found) assert.ok(found.metadata.finalizers?.includes('foregroundDeletion'))
      }
      await gone(() => client.get(ReplicationController, ref))
      if (propagationPolicy !== 'Orphan')
        return eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
      const left = await podsOf(client, namespace)
      assert.deepEqual(
        left.map(({ metadata }) => metadata.ownerReferences),
        [undefined, undefined],
      )
    })

  for (const [name, options] of [
    ['Garbage Collector, delete deployment,  propagation policy background', { propagationPolicy: 'Background' }],
    ['Garbage Collector, delete deployment, propagation policy orphan', { propagationPolicy: 'Orphan' }],
  ] satisfies [string, DeleteOptions][])
    requirement(name, async ({ client, namespace }) => {
      const ref = { namespace, name: 'web' }
      const spec = { replicas: 2, selector: { matchLabels: { app: 'web' } }, template }
      await client.create(Deployment, { metadata: ref, spec })
      const sets = async () => (await client.list(ReplicaSet, { namespace })).items
      await eventually(async () => until((await sets()).length === 1, 'a replica set'))
      await client.delete(Deployment, ref, options)
      await gone(() => client.get(Deployment, ref))
      if (options.propagationPolicy === 'Background') return eventually(async () => assert.deepEqual(await sets(), []))
      assert.deepEqual(
        (await sets()).map(({ metadata }) => metadata.ownerReferences),
        [undefined],
      )
    })

  requirement('Garbage Collector, multiple owners', async ({ client, namespace }) => {
    const dying = await client.create(ReplicationController, controller(namespace, 'dying'))
    const staying = await client.create(ReplicationController, {
      ...controller(namespace, 'staying', 0),
      spec: {
        replicas: 0,
        selector: { app: 'other' },
        template: { ...template, metadata: { labels: { app: 'other' } } },
      },
    })
    const [first] = await eventually(async () => {
      const pods = await podsOf(client, namespace)
      until(pods.length === 2, 'two pods')
      return pods
    })
    if (!first) throw new Error('there is no pod')
    const second = { apiVersion: 'v1', kind: 'ReplicationController', name: 'staying', uid: staying.metadata.uid }
    const body = { metadata: { ownerReferences: [second] } }
    await client.patch(Pod, first.metadata, { type: 'strategic', body })
    await client.delete(ReplicationController, dying.metadata, { propagationPolicy: 'Foreground' })
    await gone(() => client.get(ReplicationController, dying.metadata))
    const left = await podsOf(client, namespace)
    assert.deepEqual(
      left.map(({ metadata }) => [metadata.uid, metadata.ownerReferences?.map(({ name }) => name)]),
      [[first.metadata.uid, ['staying']]],
    )
  })

  requirement('Garbage Collector, dependency cycle', async ({ client, namespace }) => {
    const made: ConfigMap[] = []
    for (const name of ['a', 'b', 'c']) made.push(await client.create(ConfigMap, { metadata: { namespace, name } }))
    for (const [i, { metadata }] of made.entries()) {
      const owner = made[(i + 1) % made.length]?.metadata
      const ownerReferences = [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: owner?.name,
          uid: owner?.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ]
      await client.patch(ConfigMap, metadata, { type: 'merge', body: { metadata: { ownerReferences } } })
    }
    await client.delete(ConfigMap, { namespace, name: 'a' }, { propagationPolicy: 'Foreground' })
    for (const name of ['a', 'b', 'c']) await gone(() => client.get(ConfigMap, { namespace, name }))
  })

  requirement('namespace-deletion-removes-pods', async ({ client, namespace }) => {
    await client.create(Pod, { metadata: { namespace, name: 'p' }, spec: template.spec })
    await client.create(Service, { metadata: { namespace, name: 's' }, spec: { ports: [{ port: 80 }] } })
    await client.delete(Namespace, { name: namespace })
    await gone(() => client.get(Namespace, { name: namespace }))
    await client.create(Namespace, { metadata: { name: namespace } })
    assert.deepEqual(await podsOf(client, namespace), [])
    assert.deepEqual((await client.list(Service, { namespace })).items, [])
  })

  requirement('Ordered Namespace Deletion', async ({ client, namespace }) => {
    const held = { namespace, name: 'held', finalizers: ['example.com/held'] }
    await client.create(Pod, { metadata: held, spec: template.spec })
    await client.create(ConfigMap, { metadata: { namespace, name: 'kept' } })
    await client.delete(Namespace, { name: namespace })
    await eventually(async () => {
      const { status } = await client.get(Namespace, { name: namespace })
      until(
        status.conditions?.some(({ type, status }) => type === 'NamespaceContentRemaining' && status === 'True') ??
          false,
        'it says what remains',
      )
    })
    // While a pod is there, what it may use is there.
    assert.ok(await client.get(ConfigMap, { namespace, name: 'kept' }))
    await client.patch(Pod, held, { type: 'merge', body: { metadata: { finalizers: null } } })
    await gone(() => client.get(Namespace, { name: namespace }))
  })

  requirement('Namespace, apply finalizer to a namespace', async ({ client, namespace }) => {
    const own = 'example.com/own'
    const found = await client.get(Namespace, { name: namespace })
    const withFinalizer = { ...found, spec: { finalizers: [...(found.spec.finalizers ?? []), own] } }
    const path = `/api/v1/namespaces/${namespace}/finalize`
    const put = (value: unknown) =>
      client.request({
        method: 'PUT',
        path,
        headers: { 'content-type': 'application/json' },
        body: { kind: 'object', value },
      })
    assert.equal((await put(withFinalizer)).status, 200)
    await client.delete(Namespace, { name: namespace })
    const dying = await eventually(async () => {
      const now = await client.get(Namespace, { name: namespace })
      assert.deepEqual([now.status.phase, now.spec.finalizers], ['Terminating', [own]])
      return now
    })
    assert.equal((await put({ ...dying, spec: { finalizers: [] } })).status, 200)
    await gone(() => client.get(Namespace, { name: namespace }))
  })

  requirement('Namespace, apply changes to a namespace status', async ({ client, namespace }) => {
    const ref = { name: namespace }
    const body = {
      status: { conditions: [{ type: 'StatusPatch', status: 'True', reason: 'Test', message: 'patched' }] },
    }
    const patched = await client.patch(Namespace, ref, { type: 'merge', body }, { subresource: 'status' })
    assert.deepEqual(
      patched.status.conditions?.map(({ type }) => type),
      ['StatusPatch'],
    )
    assert.equal(patched.status.phase, 'Active')
    await client.patch(Namespace, ref, { type: 'merge', body: { metadata: { labels: { step: 'patched' } } } })
    assert.equal((await client.list(Namespace, { labelSelector: 'step=patched' })).items[0]?.metadata.name, namespace)
  })

  requirement('Namespace: nothing is made in one that is going', async ({ client, namespace }) => {
    await client.create(Secret, { metadata: { namespace, name: 'held', finalizers: ['example.com/held'] } })
    await client.delete(Namespace, { name: namespace })
    await assert.rejects(client.create(ConfigMap, { metadata: { namespace, name: 'late' } }), (error: unknown) => {
      assert.ok(error instanceof StatusError && error.code === 403)
      assert.match(error.message, /because it is being terminated/)
      return true
    })
    await client.patch(Secret, { namespace, name: 'held' }, { type: 'merge', body: { metadata: { finalizers: null } } })
    await gone(() => client.get(Namespace, { name: namespace }))
  })
})
