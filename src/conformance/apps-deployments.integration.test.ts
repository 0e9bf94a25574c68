import assert from 'node:assert/strict'
import { Deployment, type DeploymentInit, ReplicaSet } from '../api/apps/v1/index.js'
import type { Scale } from '../api/autoscaling/v1/index.js'
import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { podActive, podReady } from '../controllers/pod-state.js'
import { read, requirements } from './requirements.js'

type Changes = Partial<NonNullable<DeploymentInit['spec']>>

const template = (image: string, labels: Record<string, string> = { app: 'web' }) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image }] },
})

const deployment = (namespace: string, replicas: number, changes: Changes = {}): DeploymentInit => ({
  metadata: { namespace, name: 'web', labels: { app: 'web' } },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web:1'), ...changes },
})

const setsOf = async (client: Client, namespace: string) => (await client.list(ReplicaSet, { namespace })).items
const podsOf = async (client: Client, namespace: string) =>
  (await client.list(Pod, { namespace, labelSelector: 'app=web' })).items.filter(podActive)

/** Waits until all is as the specification wants it; answers the deployment then. */
const complete = (client: Client, namespace: string): Promise<Deployment> =>
  eventually(async () => {
    const found = await client.get(Deployment, { namespace, name: 'web' })
    const { metadata, spec, status } = found
    until(status.observedGeneration === metadata.generation, 'observed')
    for (const count of ['replicas', 'updatedReplicas', 'availableReplicas'] as const)
      until((status[count] ?? 0) === spec.replicas, `${count} ${status[count]}`)
    return found
  })

const strategic = (spec: object) => ({ type: 'strategic', body: { spec } }) as const

requirements('sig-apps: deployments', {}, requirement => {
  requirement('Deployment RollingUpdate', async ({ client, namespace }) => {
    // Pods that are there already are taken over, and replaced.
    await client.create(ReplicaSet, {
      metadata: {
        namespace,
        name: 'before',
        labels: { app: 'web' },
        annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
      },
      spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: template('web:0') },
    })
    await eventually(async () => until((await podsOf(client, namespace)).some(podReady), 'the pod is ready'))
    await client.create(Deployment, deployment(namespace, 1))
    const { metadata } = await complete(client, namespace)
    assert.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '3546343826724305833')
    const sets = await setsOf(client, namespace)
    assert.deepEqual(
      sets
        .map(set => [set.metadata.name === 'before', set.spec.replicas, set.metadata.ownerReferences?.[0]?.kind])
        .sort(),
      [
        [false, 1, 'Deployment'],
        [true, 0, 'Deployment'],
      ],
    )
  })

  requirement('Deployment Recreate', async ({ client, namespace }) => {
    await client.create(Deployment, deployment(namespace, 2, { strategy: { type: 'Recreate' } }))
    await complete(client, namespace)
    const stop = new AbortController()
    const watching = (async () => {
      const { resourceVersion } = await client.list(Pod, { namespace })
      const images = new Map<string, string>()
      let mixed = false
      for await (const event of client.watch(Pod, { namespace, resourceVersion, signal: stop.signal })) {
        if (event.type === 'BOOKMARK') continue
        const { name = '' } = event.object.metadata
        if (event.type === 'DELETED') images.delete(name)
        else images.set(name, event.object.spec.containers[0]?.image ?? '')
        mixed ||= new Set(images.values()).size > 1
      }
      return mixed
    })()
    await client.patch(Deployment, { namespace, name: 'web' }, strategic({ template: template('web:2') }))
    await complete(client, namespace)
    stop.abort()
    assert.equal(await watching, false, 'old and new pods never run at the same time')
  })

  requirement('Deployment RevisionHistoryLimit', async ({ client, namespace }) => {
    await client.create(Deployment, deployment(namespace, 1, { revisionHistoryLimit: 0 }))
    await complete(client, namespace)
    await client.patch(Deployment, { namespace, name: 'web' }, strategic({ template: template('web:2') }))
    await complete(client, namespace)
    await eventually(async () => until((await setsOf(client, namespace)).length === 1, 'the old replica set is gone'))
  })

  requirement('Deployment Rollover', async ({ client, namespace }) => {
    await client.create(Deployment, deployment(namespace, 3, { minReadySeconds: 1 }))
    await client.patch(Deployment, { namespace, name: 'web' }, strategic({ template: template('web:2') }))
    await client.patch(Deployment, { namespace, name: 'web' }, strategic({ template: template('web:3') }))
    await complete(client, namespace)
    for (const { spec } of await setsOf(client, namespace))
      assert.equal(spec.replicas, spec.template?.spec.containers[0]?.image === 'web:3' ? 3 : 0)
    assert.ok((await podsOf(client, namespace)).every(({ spec }) => spec.containers[0]?.image === 'web:3'))
  })

  requirement('Deployment Proportional Scaling', async ({ client, namespace }) => {
    const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } as const
    await client.create(Deployment, deployment(namespace, 10, { strategy: rolling }))
    await complete(client, namespace)
    // Pods that no node takes: the roll-out cannot go on.
    const stuck = { ...template('web:404') }
    const body = strategic({ template: { ...stuck, spec: { ...stuck.spec, nodeSelector: { nowhere: 'yes' } } } })
    await client.patch(Deployment, { namespace, name: 'web' }, body)
    const sizes = async () => {
      const found = await setsOf(client, namespace)
      const of = (image: string) =>
        found.find(({ spec }) => spec.template?.spec.containers[0]?.image === image)?.spec.replicas
      return [of('web:1'), of('web:404')]
    }
    await eventually(async () => assert.deepEqual(await sizes(), [8, 5]))
    await client.patch(Deployment, { namespace, name: 'web' }, strategic({ replicas: 30 }))
    await eventually(async () => assert.deepEqual(await sizes(), [20, 13]))
  })

  requirement('Deployment, completes the scaling of a Deployment subresource', async ({ client, namespace }) => {
    await client.create(Deployment, deployment(namespace, 1))
    await complete(client, namespace)
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web/scale`
    const scale = (await read(client, path)) as Scale
    assert.deepEqual([scale.kind, scale.spec.replicas, scale.status.selector], ['Scale', 1, 'app=web'])
    await client.patch(
      Deployment,
      { namespace, name: 'web' },
      { type: 'merge', body: { spec: { replicas: 4 } } },
      { subresource: 'scale' },
    )
    assert.equal((await complete(client, namespace)).spec.replicas, 4)
  })

  requirement('Deployment, completes the lifecycle of a Deployment', async ({ client, namespace }) => {
    const ref = { namespace, name: 'web' }
    await client.create(Deployment, deployment(namespace, 1))
    await complete(client, namespace)
    await client.patch(Deployment, ref, {
      type: 'strategic',
      body: { metadata: { labels: { step: 'patched' } }, spec: { replicas: 2, template: template('web:2') } },
    })
    await complete(client, namespace)
    const everywhere = await client.list(Deployment, { labelSelector: 'step=patched' })
    assert.deepEqual(
      everywhere.items.map(({ metadata }) => metadata.namespace),
      [namespace],
    )
    const found = await client.get(Deployment, ref)
    await client.update(Deployment, { ...found, spec: { ...found.spec, replicas: 1 } })
    await complete(client, namespace)
    const { resourceVersion } = await client.list(Deployment, { namespace })
    await client.deleteCollection(Deployment, { namespace, labelSelector: 'step=patched' })
    for await (const event of client.watch(Deployment, { namespace, resourceVersion }))
      if (event.type === 'DELETED') break
    assert.deepEqual((await client.list(Deployment, { namespace })).items, [])
  })

  requirement('Deployment, status sub-resource', async ({ client, namespace }) => {
    const ref = { namespace, name: 'web' }
    await client.create(Deployment, deployment(namespace, 1))
    const { status } = await complete(client, namespace)
    const condition = { type: 'StatusPatched', status: 'True', reason: 'Test', message: 'set by a test' }
    const body = { status: { conditions: [...(status.conditions ?? []), condition] } }
    const patched = await client.patch(Deployment, ref, { type: 'merge', body }, { subresource: 'status' })
    assert.ok(patched.status.conditions?.some(({ type }) => type === 'StatusPatched'))
    const untouched = await client.patch(Deployment, ref, { type: 'merge', body: { status: { replicas: 77 } } })
    assert.notEqual(untouched.status.replicas, 77)
  })
})
