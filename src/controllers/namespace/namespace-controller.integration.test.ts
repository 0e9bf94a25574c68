import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigMap, Namespace, Pod, Secret } from '../../api/core/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { isNotFound } from '../../machinery/status-error.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { namespaces } from './namespace-controller.js'

async function cluster(): Promise<BareControlPlane> {
  const plane = await bareControlPlane(ControlPlane.start)
  const { client, informers, onError } = plane
  await plane.use(runControllers([namespaces()], { client, informers, onError })).ready
  return plane
}

const namespaceGone = ({ informers }: BareControlPlane, name: string): Promise<void> => {
  const all = informers.of(Namespace)
  return all.until(() => all.get({ name }) === undefined)
}

const pod = (namespace: string, name: string, nodeName?: string) => ({
  metadata: { namespace, name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(nodeName ? { nodeName } : {}) },
})

describe('namespaces in a control plane', () => {
  test('an empty one goes at once, a full one with its content', async () => {
    await using it = await cluster()
    const { client } = it
    for (const name of ['empty', 'full', 'other']) await it.namespace(name)
    for (const namespace of ['full', 'other']) {
      await client.create(ConfigMap, { metadata: { namespace, name: 'c' } })
      await client.create(Secret, { metadata: { namespace, name: 's' } })
      await client.create(Pod, pod(namespace, 'unscheduled'))
    }
    await Promise.all([client.delete(Namespace, { name: 'empty' }), client.delete(Namespace, { name: 'full' })])
    await Promise.all([namespaceGone(it, 'empty'), namespaceGone(it, 'full')])
    assert.equal((await client.list(ConfigMap, { namespace: 'full' })).items.length, 0)
    assert.equal((await client.list(Secret, { namespace: 'full' })).items.length, 0)
    assert.equal((await client.list(Secret, { namespace: 'other' })).items.length, 1)
    assert.equal((await client.get(Namespace, { name: 'other' })).status.phase, 'Active')
    await client.create(Namespace, { metadata: { name: 'full' } })
    assert.deepEqual(it.faults, [])
  })

  test('waits for pods, then for finalizers, and tells so', async () => {
    await using it = await cluster()
    const { client, informers } = it
    const all = informers.of(Namespace)
    await it.namespace('n')
    await client.create(Pod, pod('n', 'p', 'node'))
    await client.create(ConfigMap, { metadata: { namespace: 'n', name: 'h', finalizers: ['example.com/f'] } })
    await client.create(Secret, { metadata: { namespace: 'n', name: 's' } })
    await client.delete(Namespace, { name: 'n' })
    const message = (type: string) =>
      all.get({ name: 'n' })?.status.conditions?.find(condition => condition.type === type)?.message
    await all.until(() => message('NamespaceContentRemaining')?.includes('pods. has 1') ?? false)
    const waiting = await client.get(Pod, { namespace: 'n', name: 'p' })
    assert.equal(waiting.metadata.deletionGracePeriodSeconds, 30)
    assert.equal((await client.list(Secret, { namespace: 'n' })).items.length, 1)

    await client.delete(Pod, { namespace: 'n', name: 'p' }, { gracePeriodSeconds: 0 })
    await all.until(() => message('NamespaceContentRemaining')?.includes('configmaps. has 1') ?? false)
    const conditions = (await client.get(Namespace, { name: 'n' })).status.conditions ?? []
    assert.deepEqual(
      conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
      [
        'NamespaceDeletionDiscoveryFailure False ResourcesDiscovered',
        'NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions',
        'NamespaceDeletionContentFailure False ContentDeleted',
        'NamespaceContentRemaining True SomeResourcesRemain',
        'NamespaceFinalizersRemaining True SomeFinalizersRemain',
      ],
    )
    assert.equal((await client.list(Secret, { namespace: 'n' })).items.length, 0)
    await client.patch(
      ConfigMap,
      { namespace: 'n', name: 'h' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    )
    await namespaceGone(it, 'n')
    await assert.rejects(client.get(Namespace, { name: 'n' }), isNotFound)
    assert.deepEqual(it.faults, [])
  })

  test('one that somebody else holds, too, stays until he lets go', async () => {
    await using it = await cluster()
    const { client, informers } = it
    await client.create(Namespace, { metadata: { name: 'n' }, spec: { finalizers: ['example.com/f'] } })
    await client.create(Secret, { metadata: { namespace: 'n', name: 's' } })
    await client.delete(Namespace, { name: 'n' })
    const all = informers.of(Namespace)
    await all.until(() => all.get({ name: 'n' })?.spec.finalizers?.join() === 'example.com/f')
    assert.equal((await client.list(Secret, { namespace: 'n' })).items.length, 0)
    const namespace = await client.get(Namespace, { name: 'n' })
    await client.update(Namespace, { ...namespace, spec: {} }, { subresource: 'finalize' })
    await namespaceGone(it, 'n')
    assert.deepEqual(it.faults, [])
  })
})
