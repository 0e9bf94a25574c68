import assert from 'node:assert/strict'
import { ControllerRevision, DaemonSet, type DaemonSetInit, Deployment } from '../api/apps/v1/index.js'
import { CronJob } from '../api/batch/v1/index.js'
import { Node, Pod } from '../api/core/v1/index.js'
import { PodDisruptionBudget } from '../api/policy/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { podActive } from '../controllers/pod-state.js'
import { isNotFound, StatusError } from '../machinery/status-error.js'
import { requirements } from './requirements.js'

const template = (image: string, more: object = {}) => ({
  metadata: { labels: { app: 'agent' } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'agent', image }], ...more },
})

const daemonSet = (namespace: string, more: object = {}, image = 'agent:1'): DaemonSetInit => ({
  metadata: { namespace, name: 'agent', labels: { app: 'agent' } },
  spec: { selector: { matchLabels: { app: 'agent' } }, template: template(image, more) },
})

const podsOf = async (client: Client, namespace: string) =>
  (await client.list(Pod, { namespace, labelSelector: 'app=agent' })).items.filter(podActive)

const everywhere = (client: Client, namespace: string, image: string, nodes = 3) =>
  eventually(async () => {
    const pods = await podsOf(client, namespace)
    const places = new Set(pods.filter(({ status }) => status.phase === 'Running').map(({ spec }) => spec.nodeName))
    until(pods.length === nodes && places.size === nodes, `${places.size} of ${nodes} nodes have a pod`)
    until(
      pods.every(({ spec }) => spec.containers[0]?.image === image),
      `all have ${image}`,
    )
    return pods
  })

const ref = (namespace: string) => ({ namespace, name: 'agent' })

requirements('sig-apps: daemon sets, cron jobs, budgets', {}, requirement => {
  requirement('DaemonSet-Creation', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    const [pod] = await everywhere(client, namespace, 'agent:1')
    await client.delete(Pod, pod?.metadata ?? {})
    await everywhere(client, namespace, 'agent:1')
  })

  requirement('DaemonSet-NodeSelection', async ({ client, namespace }) => {
    const color = (value: string | null) =>
      client.patch(Node, { name: 'sim-1' }, { type: 'merge', body: { metadata: { labels: { color: value } } } })
    await client.create(DaemonSet, daemonSet(namespace, { nodeSelector: { color: 'blue' } }))
    await eventually(async () =>
      until((await client.get(DaemonSet, ref(namespace))).status.observedGeneration === 1, 'observed'),
    )
    assert.deepEqual(await podsOf(client, namespace), [])
    await color('blue')
    assert.equal((await everywhere(client, namespace, 'agent:1', 1))[0]?.spec.nodeName, 'sim-1')
    await color('green')
    await eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
    await color(null)
  })

  requirement('DaemonSet-FailedPodCreation', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    const [pod] = await everywhere(client, namespace, 'agent:1')
    const failed = { type: 'merge', body: { status: { phase: 'Failed' } } } as const
    await client.patch(Pod, pod?.metadata ?? {}, failed, { subresource: 'status' })
    await eventually(async () => assert.rejects(client.get(Pod, pod?.metadata ?? {}), isNotFound))
    await everywhere(client, namespace, 'agent:1')
  })

  requirement('DaemonSet-RollingUpdate', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    await everywhere(client, namespace, 'agent:1')
    await client.patch(DaemonSet, ref(namespace), {
      type: 'strategic',
      body: { spec: { template: template('agent:2') } },
    })
    await everywhere(client, namespace, 'agent:2')
    const { items } = await client.list(ControllerRevision, { namespace, labelSelector: 'app=agent' })
    assert.deepEqual(items.map(({ revision }) => revision).sort(), [1, 2])
  })

  requirement('DaemonSet-Rollback', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    const pods = await everywhere(client, namespace, 'agent:1')
    const change = (image: string, more: object = {}) =>
      client.patch(DaemonSet, ref(namespace), {
        type: 'strategic',
        body: { spec: { template: template(image, more) } },
      })
    // Never ready: the roll-out stays where it is.
    await change('agent:404', { readinessGates: [{ conditionType: 'example.com/never' }] })
    await eventually(async () =>
      until(
        (await podsOf(client, namespace)).some(({ spec }) => spec.containers[0]?.image === 'agent:404'),
        'begun',
      ),
    )
    await client.patch(DaemonSet, ref(namespace), {
      type: 'json',
      body: [{ op: 'replace', path: '/spec/template', value: template('agent:1') }],
    })
    const after = await everywhere(client, namespace, 'agent:1')
    const kept = after.filter(({ metadata }) => pods.some(before => before.metadata.uid === metadata.uid))
    assert.ok(kept.length >= 2, 'pods that were well have not been started anew')
  })

  requirement('DaemonSet, list and delete a collection of DaemonSets', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    await everywhere(client, namespace, 'agent:1')
    assert.equal((await client.list(DaemonSet, { labelSelector: 'app=agent', namespace })).items.length, 1)
    await client.deleteCollection(DaemonSet, { namespace, labelSelector: 'app=agent' })
    await eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
  })

  requirement('DaemonSet, status sub-resource', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    const body = { status: { conditions: [{ type: 'StatusUpdate', status: 'True' }] } }
    const patched = await client.patch(DaemonSet, ref(namespace), { type: 'merge', body }, { subresource: 'status' })
    assert.deepEqual(
      patched.status.conditions?.map(({ type }) => type),
      ['StatusUpdate'],
    )
  })

  requirement('ControllerRevision, resource lifecycle', async ({ client, namespace }) => {
    await client.create(DaemonSet, daemonSet(namespace))
    await everywhere(client, namespace, 'agent:1')
    const [first] = (await client.list(ControllerRevision, { namespace })).items
    if (!first) throw new Error('there is no revision')
    await client.patch(ControllerRevision, first.metadata, {
      type: 'merge',
      body: { metadata: { labels: { step: 'x' } } },
    })
    const { metadata, data, revision } = first
    const copy = { metadata: { namespace, name: 'copy', labels: metadata.labels ?? {} }, data, revision: revision + 1 }
    await client.create(ControllerRevision, copy as never)
    await client.delete(ControllerRevision, { namespace, name: 'copy' })
    await client.deleteCollection(ControllerRevision, { namespace, labelSelector: 'step=x' })
    await eventually(async () =>
      until(
        (await client.list(ControllerRevision, { namespace })).items.every(one => one.metadata.uid !== metadata.uid),
        'gone',
      ),
    )
  })

  requirement('CronJob API Operations', async ({ client, namespace }) => {
    const name = { namespace, name: 'later' }
    const jobTemplate = { spec: { template: template('job:1', { restartPolicy: 'OnFailure' }) } }
    await client.create(CronJob, {
      metadata: { ...name, labels: { app: 'later' } },
      spec: { schedule: '*/1 * * * ?', suspend: true, jobTemplate },
    })
    const patched = await client.patch(CronJob, name, {
      type: 'merge',
      body: { metadata: { annotations: { patched: 'true' } } },
    })
    assert.equal(patched.metadata.annotations?.['patched'], 'true')
    await client.update(CronJob, { ...patched, spec: { ...patched.spec, schedule: '0 0 1 1 *' } })
    const status = { type: 'merge', body: { status: { lastScheduleTime: '2026-01-01T00:00:00Z' } } } as const
    const written = await client.patch(CronJob, name, status, { subresource: 'status' })
    assert.equal(written.status.lastScheduleTime, '2026-01-01T00:00:00Z')
    assert.equal((await client.list(CronJob, { labelSelector: 'app=later' })).items.length, 1)
    await client.deleteCollection(CronJob, { namespace })
    await eventually(async () => assert.deepEqual((await client.list(CronJob, { namespace })).items, []))
  })

  requirement(
    'PodDisruptionBudget: block an eviction until the PDB is updated to allow',
    async ({ client, namespace }) => {
      await client.create(Deployment, {
        metadata: { namespace, name: 'agent' },
        spec: { replicas: 3, selector: { matchLabels: { app: 'agent' } }, template: template('agent:1') },
      })
      const name = { namespace, name: 'guard' }
      const spec = { minAvailable: 3, selector: { matchLabels: { app: 'agent' } } }
      await client.create(PodDisruptionBudget, { metadata: name, spec })
      await eventually(async () =>
        until((await client.get(PodDisruptionBudget, name)).status.currentHealthy === 3, 'three are healthy'),
      )
      const [pod] = await podsOf(client, namespace)
      const evict = () =>
        client.post(Pod, pod?.metadata ?? {}, 'eviction', {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: pod?.metadata.name, namespace },
        })
      await assert.rejects(evict, (error: unknown) => {
        assert.ok(error instanceof StatusError)
        assert.deepEqual([error.code, error.reason], [429, 'TooManyRequests'])
        assert.ok(error.details?.causes?.some(({ reason }) => reason === 'DisruptionBudget'))
        return true
      })
      await client.patch(PodDisruptionBudget, name, { type: 'merge', body: { spec: { minAvailable: 2 } } })
      await eventually(evict)
      await eventually(async () =>
        until((await client.get(PodDisruptionBudget, name)).status.currentHealthy === 3, 'again'),
      )
    },
  )

  requirement('PodDisruptionBudget: create, update, patch, and delete object', async ({ client, namespace }) => {
    const name = { namespace, name: 'guard' }
    const selector = { matchLabels: { app: 'nobody' } }
    await client.create(PodDisruptionBudget, { metadata: name, spec: { minAvailable: '1%', selector } })
    await eventually(async () => {
      const found = await client.get(PodDisruptionBudget, name)
      await client.update(PodDisruptionBudget, { ...found, spec: { ...found.spec, minAvailable: '2%' } })
    })
    const patched = await client.patch(PodDisruptionBudget, name, {
      type: 'merge',
      body: { spec: { minAvailable: '3%' } },
    })
    assert.equal(patched.spec.minAvailable, '3%')
    const status = { type: 'merge', body: { status: { disruptedPods: { x: '2026-01-01T00:00:00Z' } } } } as const
    await client.patch(PodDisruptionBudget, name, status, { subresource: 'status' })
    await client.deleteCollection(PodDisruptionBudget, { namespace })
    await eventually(async () => assert.deepEqual((await client.list(PodDisruptionBudget, { namespace })).items, []))
  })
})
