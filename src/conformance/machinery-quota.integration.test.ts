import assert from 'node:assert/strict'
import { ReplicaSet } from '../api/apps/v1/index.js'
import {
  ConfigMap,
  LimitRange,
  Namespace,
  Pod,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
} from '../api/core/v1/index.js'
import { PriorityClass } from '../api/scheduling/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { isNotFound } from '../machinery/status-error.js'
import { read, requirements } from './requirements.js'

interface Amounts {
  readonly [resource: string]: string
}

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web:1' }] },
}

const countQuota: Amounts = {
  configmaps: '10',
  'count/replicasets.apps': '5',
  cpu: '1',
  'ephemeral-storage': '50Gi',
  memory: '500Mi',
  persistentvolumeclaims: '10',
  pods: '5',
  replicationcontrollers: '10',
  'requests.example.com/dongle': '3',
  'requests.storage': '10Gi',
  resourcequotas: '1',
  secrets: '10',
  services: '10',
  'services.loadbalancers': '1',
  'services.nodeports': '1',
}

const computeQuota: Amounts = {
  'limits.cpu': '2',
  'limits.memory': '1Gi',
  pods: '5',
  'requests.cpu': '1',
  'requests.memory': '500Mi',
}

const zero = (amounts: Amounts): Amounts => Object.fromEntries(Object.keys(amounts).map(name => [name, '0']))

const quotaRef = (namespace: string) => ({ namespace, name: 'quota' })

/** Resolves once the quota tells what it allows, and that so much is taken. */
const taken = (client: Client, namespace: string, used: Amounts, name = 'quota') =>
  eventually(async () => {
    const { spec, status } = await client.get(ResourceQuota, { namespace, name })
    assert.deepEqual(status.hard, spec.hard)
    assert.deepEqual(status.used, { ...status.used, ...used })
  })

const quota = async (client: Client, namespace: string, hard: Amounts, name = 'quota', scopes: string[] = []) => {
  await client.create(ResourceQuota, {
    metadata: { namespace, name, labels: { app: namespace } },
    spec: { hard, ...(scopes.length > 0 ? { scopes } : {}) },
  })
  // Every namespace has its authority's certificate, and this quota.
  const own = {
    ...('configmaps' in hard && { configmaps: '1' }),
    ...('resourcequotas' in hard && { resourcequotas: '1' }),
  }
  await taken(client, namespace, { ...zero(hard), ...own }, name)
}

const pod = (namespace: string, name: string, resources: object = {}, more: object = {}) => ({
  metadata: { namespace, name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'main:1', resources }],
    ...more,
  },
})

/** The same requests and limits: only so may there be some of an extended resource. */
const exactly = (amounts: Amounts) => ({ requests: amounts, limits: amounts })

const exceeds = { code: 403, message: /exceeded quota: quota/ }

requirements('sig-api-machinery: quotas, ranges of limits, priority classes', {}, requirement => {
  requirement('ResourceQuota, object count quota, resourcequotas', async ({ client, namespace }) => {
    await quota(client, namespace, countQuota)
    await assert.rejects(quota(client, namespace, { pods: '1' }, 'second'), exceeds)
  })

  for (const [name, resource, create, remove] of [
    [
      'ResourceQuota, object count quota, secret',
      'secrets',
      (client: Client, metadata: object) => client.create(Secret, { metadata, stringData: { key: 'value' } }),
      (client: Client, ref: object) => client.delete(Secret, ref),
    ],
    [
      'ResourceQuota, object count quota, configmap',
      'configmaps',
      (client: Client, metadata: object) => client.create(ConfigMap, { metadata, data: { key: 'value' } }),
      (client: Client, ref: object) => client.delete(ConfigMap, ref),
    ],
    [
      'ResourceQuota, object count quota, replicationController',
      'replicationcontrollers',
      (client: Client, metadata: object) =>
        client.create(ReplicationController, { metadata, spec: { replicas: 0, selector: { app: 'web' }, template } }),
      (client: Client, ref: object) => client.delete(ReplicationController, ref),
    ],
    [
      'ResourceQuota, object count quota, replicaSet',
      'count/replicasets.apps',
      (client: Client, metadata: object) =>
        client.create(ReplicaSet, {
          metadata,
          spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template },
        }),
      (client: Client, ref: object) => client.delete(ReplicaSet, ref),
    ],
  ] as const)
    requirement(name, async ({ client, namespace }) => {
      await quota(client, namespace, countQuota)
      const before = (await client.get(ResourceQuota, quotaRef(namespace))).status.used?.[resource] ?? ''
      const ref = { namespace, name: 'counted' }
      await create(client, ref)
      await taken(client, namespace, { [resource]: String(Number(before) + 1) })
      await remove(client, ref)
      await taken(client, namespace, { [resource]: before })
    })

  requirement('ResourceQuota, object count quota, service', async ({ client, namespace }) => {
    await quota(client, namespace, countQuota)
    const create = (type: string) =>
      client.create(Service, {
        metadata: { namespace, name: type.toLowerCase() },
        spec: { type, ports: [{ port: 80 }], selector: { app: 'web' } },
      })
    await create('ClusterIP')
    await create('NodePort')
    await taken(client, namespace, { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
    await assert.rejects(create('LoadBalancer'), exceeds)
    await taken(client, namespace, { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
    for (const name of ['clusterip', 'nodeport']) await client.delete(Service, { namespace, name })
    await taken(client, namespace, { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
  })

  requirement('ResourceQuota, object count quota, pod', async ({ client, namespace }) => {
    await quota(client, namespace, countQuota)
    const amounts = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' }
    const { metadata } = await client.create(Pod, pod(namespace, 'first', exactly(amounts)))
    const used = {
      pods: '1',
      cpu: '500m',
      memory: '252Mi',
      'ephemeral-storage': '30Gi',
      'requests.example.com/dongle': '2',
    }
    await taken(client, namespace, used)
    const small = { cpu: '100m', memory: '100Mi', 'ephemeral-storage': '1Gi' }
    for (const more of [{ cpu: '600m' }, { memory: '300Mi' }, { 'example.com/dongle': '2' }])
      await assert.rejects(client.create(Pod, pod(namespace, 'second', exactly({ ...small, ...more }))), exceeds)
    const body = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] } }
    await assert.rejects(client.patch(Pod, metadata, { type: 'strategic', body }), { code: 422 })
    await taken(client, namespace, used)
    await client.delete(Pod, metadata, { gracePeriodSeconds: 0 })
    await taken(client, namespace, zero(used))
  })

  for (const [name, hard, cases] of [
    [
      'ResourceQuota, quota scope, BestEffort and NotBestEffort scope',
      { pods: '5' },
      [
        ['BestEffort', 'NotBestEffort', {}, {}],
        ['NotBestEffort', 'BestEffort', { requests: { cpu: '500m' }, limits: { cpu: '1' } }, {}],
      ],
    ],
    [
      'ResourceQuota, quota scope, Terminating and NotTerminating scope',
      computeQuota,
      [
        ['NotTerminating', 'Terminating', undefined, {}],
        ['Terminating', 'NotTerminating', undefined, { activeDeadlineSeconds: 3600 }],
      ],
    ],
  ] as const)
    requirement(name, async ({ client, namespace }) => {
      for (const [scope] of cases) await quota(client, namespace, hard, scope.toLowerCase(), [scope])
      const compute = { requests: { cpu: '500m', memory: '200Mi' }, limits: { cpu: '1', memory: '400Mi' } }
      for (const [scope, other, resources = compute, more] of cases) {
        const { metadata } = await client.create(Pod, pod(namespace, scope.toLowerCase(), resources, more))
        const used: Amounts = {
          pods: '1',
          ...('limits.cpu' in hard && {
            'requests.cpu': '500m',
            'requests.memory': '200Mi',
            'limits.cpu': '1',
            'limits.memory': '400Mi',
          }),
        }
        await taken(client, namespace, used, scope.toLowerCase())
        await taken(client, namespace, zero(hard), other.toLowerCase())
        await client.delete(Pod, metadata, { gracePeriodSeconds: 0 })
        await taken(client, namespace, zero(hard), scope.toLowerCase())
      }
    })

  requirement('ResourceQuota, update and delete', async ({ client, namespace }) => {
    await quota(client, namespace, { cpu: '1', memory: '500Mi' })
    const found = await client.get(ResourceQuota, quotaRef(namespace))
    const hard = { cpu: '2', memory: '1Gi' }
    await client.update(ResourceQuota, { ...found, spec: { hard } })
    assert.deepEqual((await client.get(ResourceQuota, quotaRef(namespace))).spec.hard, hard)
    await taken(client, namespace, zero(hard))
    await client.delete(ResourceQuota, quotaRef(namespace))
    await assert.rejects(client.get(ResourceQuota, quotaRef(namespace)), isNotFound)
  })

  requirement('ResourceQuota, manage lifecycle of a ResourceQuota', async ({ client, namespace }) => {
    await quota(client, namespace, { cpu: '1', memory: '500Mi' })
    const labelSelector = `app=${namespace}`
    const { items } = await client.list(ResourceQuota, { labelSelector })
    assert.deepEqual(
      items.map(({ metadata }) => [metadata.namespace, metadata.name]),
      [[namespace, 'quota']],
    )
    const hard = { cpu: '750m', memory: '512Mi' }
    const body = { metadata: { labels: { step: 'patched' } }, spec: { hard } }
    const patched = await client.patch(ResourceQuota, quotaRef(namespace), { type: 'strategic', body })
    assert.deepEqual([patched.metadata.labels?.['step'], patched.spec.hard], ['patched', hard])
    await client.deleteCollection(ResourceQuota, { namespace, labelSelector: 'step=patched' })
    await eventually(async () => assert.deepEqual((await client.list(ResourceQuota, { labelSelector })).items, []))
  })

  requirement('ResourceQuota, apply changes to a ResourceQuota status', async ({ client, namespace }) => {
    const first = { cpu: '500m', memory: '500Mi' }
    const second = { cpu: '1', memory: '1Gi' }
    const third = { cpu: '2', memory: '2Gi' }
    const ref = quotaRef(namespace)
    await quota(client, namespace, first)
    await eventually(async () => {
      const found = await client.get(ResourceQuota, ref)
      const status = { ...found.status, hard: second }
      const updated = await client.update(ResourceQuota, { ...found, status }, { subresource: 'status' })
      assert.deepEqual([updated.status.hard, updated.spec.hard], [second, first])
    })
    await client.patch(ResourceQuota, ref, { type: 'strategic', body: { spec: { hard: second } } })
    await taken(client, namespace, zero(second))
    for (const step of ['patched', 'again']) {
      const body = { metadata: { labels: { step } }, spec: { hard: third }, status: { hard: third } }
      const patched = await client.patch(ResourceQuota, ref, { type: 'merge', body }, { subresource: 'status' })
      assert.deepEqual(
        [patched.metadata.labels?.['step'], patched.status.hard, patched.spec.hard],
        [step, third, second],
      )
      // What is told is set right.
      await taken(client, namespace, zero(second))
      const path = `/api/v1/namespaces/${namespace}/resourcequotas/quota/status`
      assert.deepEqual(((await read(client, path)) as ResourceQuota).status.hard, second)
    }
  })

  requirement('LimitRange, resources', async ({ client, namespace }) => {
    const amounts = (cpu: string, memory: string, storage: string): Amounts => ({
      cpu,
      memory,
      'ephemeral-storage': storage,
    })
    const most = amounts('500m', '500Mi', '500Gi')
    const usual = amounts('100m', '200Mi', '200Gi')
    const limit = {
      type: 'Container',
      min: amounts('50m', '100Mi', '100Gi'),
      max: most,
      default: most,
      defaultRequest: usual,
    }
    const ref = { namespace, name: 'limits' }
    const created = await client.create(LimitRange, { metadata: ref, spec: { limits: [limit] } })
    assert.deepEqual(created.spec.limits, [limit])
    const resourcesOf = async (name: string, resources: object = {}) =>
      (await client.create(Pod, pod(namespace, name, resources))).spec.containers[0]?.resources
    assert.deepEqual(await resourcesOf('defaulted'), { requests: usual, limits: most })
    const partial = { requests: { memory: '150Mi', 'ephemeral-storage': '150Gi' }, limits: { cpu: '300m' } }
    assert.deepEqual(await resourcesOf('partial', partial), {
      requests: amounts('300m', '150Mi', '150Gi'),
      limits: { ...most, cpu: '300m' },
    })
    const little = exactly(amounts('10m', '50Mi', '50Gi'))
    const much = exactly(amounts('600m', '600Mi', '600Gi'))
    for (const wrong of [little, much])
      await assert.rejects(resourcesOf('wrong', wrong), { code: 403, message: /(min|max)imum cpu usage per Container/ })
    const lower = { ...limit, min: amounts('9m', '49Mi', '49Gi') }
    const updated = await client.update(LimitRange, { ...created, spec: { limits: [lower] } })
    assert.deepEqual(updated.spec.limits, [lower])
    await eventually(() => resourcesOf('little', little))
    await assert.rejects(resourcesOf('much', much), { code: 403 })
    await client.delete(LimitRange, ref)
    await assert.rejects(client.get(LimitRange, ref), isNotFound)
    await eventually(() => resourcesOf('much', much))
  })

  requirement('LimitRange, list, patch and delete a LimitRange by collection', async ({ client, namespace }) => {
    const other = `${namespace}-other`
    await client.create(Namespace, { metadata: { name: other } })
    const limits = [{ type: 'Container', defaultRequest: { cpu: '50m' }, max: { cpu: '500m' } }]
    for (const where of [namespace, other])
      await client.create(LimitRange, {
        metadata: { namespace: where, name: 'limits', labels: { app: namespace } },
        spec: { limits },
      })
    const labelSelector = `app=${namespace}`
    const found = async () =>
      (await client.list(LimitRange, { labelSelector })).items.map(one => one.metadata.namespace).sort()
    assert.deepEqual(await found(), [namespace, other])
    const defaultRequest = { cpu: '60m' }
    const body = {
      metadata: { labels: { step: 'patched' } },
      spec: { limits: [{ type: 'Container', defaultRequest, max: { cpu: '600m' } }] },
    }
    const patched = await client.patch(LimitRange, { namespace, name: 'limits' }, { type: 'strategic', body })
    assert.deepEqual(
      patched.spec.limits.map(({ defaultRequest, max }) => [defaultRequest, max]),
      [[defaultRequest, { cpu: '600m' }]],
    )
    await client.deleteCollection(LimitRange, { namespace, labelSelector: 'step=patched' })
    await eventually(async () => assert.deepEqual(await found(), [other]))
    await client.delete(Namespace, { name: other })
  })

  requirement('Scheduler, Verify PriorityClass endpoints', async ({ client, namespace }) => {
    const labelSelector = `app=${namespace}`
    const names = [`${namespace}-low`, `${namespace}-high`]
    for (const [i, name] of names.entries())
      await client.create(PriorityClass, { metadata: { name, labels: { app: namespace } }, value: i + 1 })
    const { items } = await client.list(PriorityClass, { labelSelector })
    assert.deepEqual(items.map(({ metadata, value }) => [metadata.name, value]).sort(), [
      [names[1], 2],
      [names[0], 1],
    ])
    for (const { metadata, value } of items) {
      const patch = (body: object) => client.patch(PriorityClass, metadata, { type: 'merge', body })
      const patched = await patch({ description: 'patched', metadata: { labels: { step: 'patched' } } })
      assert.deepEqual([patched.description, patched.metadata.labels?.['step']], ['patched', 'patched'])
      await assert.rejects(patch({ value: value * 10 }), { code: 422 })
      const updated = await client.update(PriorityClass, { ...patched, description: 'updated' })
      assert.equal(updated.description, 'updated')
      await assert.rejects(client.update(PriorityClass, { ...updated, value: value * 10 }), { code: 422 })
      assert.equal((await client.get(PriorityClass, metadata)).value, value)
    }
    await client.deleteCollection(PriorityClass, { labelSelector })
    await eventually(async () =>
      until((await client.list(PriorityClass, { labelSelector })).items.length === 0, 'none is left'),
    )
  })
})
