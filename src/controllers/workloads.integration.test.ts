import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Deployment, type DeploymentInit, ReplicaSet } from '../api/apps/v1/index.js'
import { ConfigMap, Event, Namespace, Pod, ReplicationController, ServiceAccount } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import type { RunningControllers } from '../client/controller-runtime.js'
import { ControlPlane } from '../cluster/control-plane.js'
import { eventually, until } from './eventually.js'
import { startBuiltInControllers } from './index.js'

const namespace = 'default'

const deployment = (name: string, replicas: number, more: Partial<DeploymentInit['spec']> = {}): DeploymentInit => ({
  metadata: { namespace, name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: template(name, 'app:1'),
    ...more,
  } as never,
})

const template = (app: string, image: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image }] },
})

describe('deployments and replica sets against an API server', () => {
  let cluster: ControlPlane
  let client: Client
  let running: RunningControllers
  const faults: unknown[] = []

  before(async () => {
    cluster = await ControlPlane.start({ port: false, controllers: false, scheduler: false })
    client = cluster.client
    running = startBuiltInControllers({ rootCa: 'PEM' }, { client, onError: error => faults.push(error) })
    await running.ready
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
    await cluster[Symbol.asyncDispose]()
    assert.deepEqual(faults.map(String), [])
  })

  const podsOf = async (app: string) =>
    (await client.list(Pod, { namespace, labelSelector: `app=${app}` })).items.filter(
      ({ metadata }) => !metadata.deletionTimestamp,
    )
  const setsOf = async (app: string) =>
    (await client.list(ReplicaSet, { namespace, labelSelector: `app=${app}` })).items
  const statusOf = async (name: string) => (await client.get(Deployment, { namespace, name })).status
  const makeReady = (pod: Pod) =>
    client.patch(
      Pod,
      pod.metadata,
      {
        type: 'merge',
        body: {
          status: {
            phase: 'Running',
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
          },
        },
      },
      { subresource: 'status' },
    )
  /** Plays the kubelet for an application until the look succeeds. */
  const withReadyPods = <T>(app: string, look: () => Promise<T>): Promise<T> =>
    eventually(async () => {
      for (const pod of await podsOf(app)) if (pod.status.phase === 'Pending') await makeReady(pod)
      return look()
    })

  test('every namespace has its service account and root certificate, and has them again when they are lost', async () => {
    await client.create(Namespace, { metadata: { name: 'fresh' } })
    const look = () =>
      Promise.all([
        client.get(ServiceAccount, { namespace: 'fresh', name: 'default' }),
        client.get(ConfigMap, { namespace: 'fresh', name: 'kube-root-ca.crt' }),
      ])
    const [account, map] = await eventually(look)
    assert.deepEqual(map.data, { 'ca.crt': 'PEM' })
    await client.delete(ServiceAccount, account.metadata)
    await client.patch(ConfigMap, map.metadata, { type: 'merge', body: { data: { 'ca.crt': 'other' } } })
    await eventually(async () => {
      const [again, restored] = await look()
      until(again.metadata.uid !== account.metadata.uid && restored.data?.['ca.crt'] === 'PEM', 'restored')
    })
  })

  test('a deployment makes a replica set and pods, and says how it goes', async () => {
    await client.create(Deployment, deployment('web', 2))
    await eventually(async () => until((await podsOf('web')).length === 2, 'two pods'))
    const [set] = await eventually(async () => {
      const sets = await setsOf('web')
      until(sets[0]?.status.replicas === 2, 'counted')
      return sets
    })
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? ''
    assert.match(hash, /^[a-z0-9]+$/)
    assert.equal(set?.metadata.name, `web-${hash}`)
    assert.deepEqual(set?.metadata.annotations, {
      'deployment.kubernetes.io/desired-replicas': '2',
      'deployment.kubernetes.io/max-replicas': '3',
      'deployment.kubernetes.io/revision': '1',
    })
    assert.deepEqual(set?.spec.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } })
    assert.deepEqual(set?.status, {
      replicas: 2,
      fullyLabeledReplicas: 2,
      terminatingReplicas: 0,
      observedGeneration: 1,
    })
    const [pod] = await podsOf('web')
    assert.equal(pod?.metadata.generateName, `web-${hash}-`)
    assert.equal(pod?.metadata.ownerReferences?.[0]?.uid, set?.metadata.uid)
    const waiting = await eventually(async () => {
      const status = await statusOf('web')
      until(status.updatedReplicas === 2, 'updated')
      return status
    })
    const facts = (status: typeof waiting, type: string) => {
      const condition = status.conditions?.find(one => one.type === type)
      return [condition?.status, condition?.reason, condition?.message]
    }
    assert.equal(waiting.unavailableReplicas, 2)
    assert.deepEqual(facts(waiting, 'Available'), [
      'False',
      'MinimumReplicasUnavailable',
      'Deployment does not have minimum availability.',
    ])
    assert.deepEqual(facts(waiting, 'Progressing'), [
      'True',
      'ReplicaSetUpdated',
      `ReplicaSet "web-${hash}" is progressing.`,
    ])
    const done = await withReadyPods('web', async () => {
      const status = await statusOf('web')
      until(status.conditions?.find(({ type }) => type === 'Progressing')?.reason === 'NewReplicaSetAvailable', 'done')
      return status
    })
    assert.equal(done.availableReplicas, 2)
    assert.equal(done.unavailableReplicas, undefined)
    assert.deepEqual(facts(done, 'Available'), [
      'True',
      'MinimumReplicasAvailable',
      'Deployment has minimum availability.',
    ])
    const { metadata } = await client.get(Deployment, { namespace, name: 'web' })
    assert.deepEqual(metadata.annotations, { 'deployment.kubernetes.io/revision': '1' })
    await eventually(async () => {
      const { items } = await client.list(Event, { namespace })
      const told = items.map(({ reason, source, message }) => `${source.component} ${reason} ${message}`)
      until(
        told.includes(`deployment-controller ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 2`),
        'scaling',
      )
      until(
        told.some(text => text.startsWith('replicaset-controller SuccessfulCreate Created pod: web-')),
        'creation',
      )
    })
  })

  test('rolls out a new template without going below what must be available, keeps history, rolls back', async () => {
    await client.create(Deployment, deployment('roll', 4))
    await withReadyPods('roll', async () => until((await statusOf('roll')).availableReplicas === 4, 'first revision'))
    let lowest = 4
    let most = 4
    const image = (text: string) =>
      client.patch(
        Deployment,
        { namespace, name: 'roll' },
        { type: 'strategic', body: { spec: { template: template('roll', text) } } },
      )
    const rolledOut = (revision: string) =>
      withReadyPods('roll', async () => {
        const pods = await podsOf('roll')
        most = Math.max(most, pods.length)
        const found = await client.get(Deployment, { namespace, name: 'roll' })
        lowest = Math.min(lowest, found.status.availableReplicas ?? 0)
        until(found.metadata.annotations?.['deployment.kubernetes.io/revision'] === revision, `revision ${revision}`)
        until(found.status.updatedReplicas === 4 && found.status.replicas === 4, 'updated')
        until(found.status.availableReplicas === 4, 'available')
      })
    await image('app:2')
    await rolledOut('2')
    assert.ok(lowest >= 3 && most <= 5, `at least 3 available and at most 5 there: ${lowest}, ${most}`)
    assert.equal((await setsOf('roll')).length, 2)
    await image('app:1')
    await rolledOut('3')
    const sets = await setsOf('roll')
    assert.equal(sets.length, 2)
    const back = sets.find(({ spec }) => spec.replicas === 4)
    assert.equal(back?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
    assert.equal(back?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
  })

  test('Recreate has no two revisions at a time', async () => {
    await client.create(Deployment, deployment('anew', 2, { strategy: { type: 'Recreate' } }))
    await withReadyPods('anew', async () => until((await statusOf('anew')).availableReplicas === 2, 'first'))
    await client.patch(
      Deployment,
      { namespace, name: 'anew' },
      { type: 'strategic', body: { spec: { template: template('anew', 'app:2') } } },
    )
    await withReadyPods('anew', async () => {
      const images = new Set((await podsOf('anew')).map(({ spec }) => spec.containers[0]?.image))
      assert.ok(images.size <= 1)
      const status = await statusOf('anew')
      until(images.has('app:2') && status.availableReplicas === 2 && status.updatedReplicas === 2, 'second')
    })
  })

  test('old revisions beyond the limit are removed', async () => {
    await client.create(Deployment, deployment('short', 1, { revisionHistoryLimit: 1 }))
    for (const n of [1, 2, 3, 4]) {
      await client.patch(
        Deployment,
        { namespace, name: 'short' },
        { type: 'strategic', body: { spec: { template: template('short', `app:${n}`) } } },
      )
      await withReadyPods('short', async () => {
        const { metadata, status } = await client.get(Deployment, { namespace, name: 'short' })
        until(metadata.annotations?.['deployment.kubernetes.io/revision'] === String(n), `revision ${n}`)
        until(status.availableReplicas === 1 && status.replicas === 1 && status.updatedReplicas === 1, 'done')
      })
    }
    await eventually(async () => until((await setsOf('short')).length === 2, 'one old set'))
  })

  test('paused: scales but does not roll out', async () => {
    await client.create(Deployment, deployment('paused', 1))
    await eventually(async () => until((await podsOf('paused')).length === 1, 'one'))
    const name = { namespace, name: 'paused' }
    await client.patch(Deployment, name, {
      type: 'strategic',
      body: { spec: { paused: true, replicas: 3, template: template('paused', 'app:2') } },
    })
    await eventually(async () => {
      until((await podsOf('paused')).length === 3, 'three')
      const { conditions } = await statusOf('paused')
      const progressing = conditions?.find(({ type }) => type === 'Progressing')
      until(progressing?.reason === 'DeploymentPaused' && progressing.status === 'Unknown', 'told')
    })
    assert.equal((await setsOf('paused')).length, 1)
    await client.patch(Deployment, name, { type: 'merge', body: { spec: { paused: false } } })
    await eventually(async () => until((await setsOf('paused')).length === 2, 'goes on'))
  })

  test('pods are adopted and let go by their labels', async () => {
    await client.create(Pod, {
      metadata: { namespace, name: 'stray', labels: { app: 'adopt' } },
      spec: template('', 'a').spec,
    })
    await client.create(ReplicaSet, {
      metadata: { namespace, name: 'adopt' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'adopt' } }, template: template('adopt', 'app:1') },
    })
    await eventually(async () => {
      const { metadata } = await client.get(Pod, { namespace, name: 'stray' })
      until(metadata.ownerReferences?.[0]?.name === 'adopt', 'adopted')
      until((await podsOf('adopt')).length === 2, 'one more')
    })
    await client.patch(
      Pod,
      { namespace, name: 'stray' },
      { type: 'merge', body: { metadata: { labels: { app: 'free' } } } },
    )
    await eventually(async () => {
      const { metadata } = await client.get(Pod, { namespace, name: 'stray' })
      until(metadata.ownerReferences === undefined, 'let go')
      until((await podsOf('adopt')).length === 2, 'replaced')
    })
  })

  for (const propagationPolicy of ['Background', 'Foreground'] as const)
    test(`deleting a deployment takes all below it along (${propagationPolicy})`, async () => {
      const app = `gone-${propagationPolicy.toLowerCase()}`
      await client.create(Deployment, deployment(app, 3))
      await eventually(async () => until((await podsOf(app)).length === 3, 'three'))
      await client.delete(Deployment, { namespace, name: app }, { propagationPolicy })
      await eventually(async () => {
        until((await setsOf(app)).length === 0, 'no sets')
        until((await client.list(Pod, { namespace, labelSelector: `app=${app}` })).items.length === 0, 'no pods')
        const left = (await client.list(Deployment, { namespace })).items.filter(
          ({ metadata }) => metadata.name === app,
        )
        until(left.length === 0, 'no deployment')
      })
    })

  test('a replication controller keeps its pods', async () => {
    const labels = { app: 'controlled' }
    await client.create(ReplicationController, {
      metadata: { namespace, name: 'rc' },
      spec: { replicas: 2, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'x' }] } } },
    })
    const status = async () => (await client.get(ReplicationController, { namespace, name: 'rc' })).status
    await withReadyPods('controlled', async () =>
      assert.deepEqual(await status(), {
        replicas: 2,
        fullyLabeledReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        observedGeneration: 1,
      }),
    )
    for (const { metadata } of await podsOf('controlled'))
      assert.deepEqual(
        metadata.ownerReferences?.map(({ kind, apiVersion, name }) => [apiVersion, kind, name]),
        [['v1', 'ReplicationController', 'rc']],
      )
    await client.patch(
      ReplicationController,
      { namespace, name: 'rc' },
      { type: 'merge', body: { spec: { replicas: 0 } } },
    )
    await eventually(async () => assert.equal((await podsOf('controlled')).length, 0))
  })

  test('scales up and down by many', async () => {
    await client.create(Deployment, deployment('many', 600))
    await eventually(async () => until((await podsOf('many')).length === 600, 'many'))
    await client.patch(Deployment, { namespace, name: 'many' }, { type: 'merge', body: { spec: { replicas: 5 } } })
    await eventually(async () => until((await podsOf('many')).length === 5, 'few'))
    await eventually(async () => until((await statusOf('many')).replicas === 5, 'counted'))
  })
})
