import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Deployment } from '../../api/apps/v1/index.js'
import { ConfigMap, Pod, ResourceQuota, Service } from '../../api/core/v1/index.js'
import { runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { resourceQuotas } from './resource-quota.js'

it('quotas show what is used, and what is freed', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace('n')
  await using _running = runControllers([resourceQuotas()], { client })
  const namespace = 'n'
  for (const name of ['before', 'too']) await client.create(ConfigMap, { metadata: { namespace, name } })
  const hard = {
    pods: '2',
    'requests.cpu': '1',
    'services.nodeports': '3',
    configmaps: '9',
    'count/deployments.apps': '1',
  }
  await client.create(ResourceQuota, { metadata: { namespace, name: 'q' }, spec: { hard } })
  // Nothing in it is counted anew from time to time: what is freed is noticed as it is.
  await client.create(ResourceQuota, { metadata: { namespace, name: 'pods' }, spec: { hard: { pods: '5' } } })
  const used = (expected: object) =>
    eventually(async () => {
      const { status } = await client.get(ResourceQuota, { namespace, name: 'q' })
      assert.deepEqual(status.hard, hard)
      assert.deepEqual(status.used, {
        configmaps: '2',
        'count/deployments.apps': '0',
        pods: '0',
        'requests.cpu': '0',
        'services.nodeports': '0',
        ...expected,
      })
    }, 20_000)
  await used({})
  const containers = [{ name: 'c', image: 'x', resources: { requests: { cpu: '300m' } } }]
  const spec = { containers, automountServiceAccountToken: false }
  for (const name of ['a', 'b']) await client.create(Pod, { metadata: { namespace, name }, spec })
  await client.create(Service, {
    metadata: { namespace, name: 's' },
    spec: { type: 'NodePort', ports: [{ port: 80 }] },
  })
  const labels = { app: 'x' }
  const template = { metadata: { labels }, spec: { containers } }
  await client.create(Deployment, {
    metadata: { namespace, name: 'd' },
    spec: { selector: { matchLabels: labels }, template },
  })
  await used({ 'count/deployments.apps': '1', pods: '2', 'requests.cpu': '600m', 'services.nodeports': '1' })
  await client.delete(Pod, { namespace, name: 'a' }, { gracePeriodSeconds: 0 })
  await client.delete(Deployment, { namespace, name: 'd' })
  await used({ pods: '1', 'requests.cpu': '300m', 'services.nodeports': '1' })
  await eventually(async () => {
    const { status } = await client.get(ResourceQuota, { namespace, name: 'pods' })
    assert.deepEqual(status.used, { pods: '1' })
  })
})

it('a pod that is given a deadline changes over to the quotas of such pods', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace('n')
  await using _running = runControllers([resourceQuotas()], { client })
  const namespace = 'n'
  for (const scope of ['Terminating', 'NotTerminating'])
    await client.create(ResourceQuota, {
      metadata: { namespace, name: scope.toLowerCase() },
      spec: { hard: { pods: '5' }, scopes: [scope] },
    })
  const used = (terminating: string, other: string) =>
    eventually(async () => {
      const { items } = await client.list(ResourceQuota, { namespace })
      const pods = Object.fromEntries(items.map(({ metadata, status }) => [metadata.name, status.used?.['pods']]))
      assert.deepEqual(pods, { terminating, notterminating: other })
    })
  await used('0', '0')
  const spec = { containers: [{ name: 'c', image: 'x' }], automountServiceAccountToken: false }
  await client.create(Pod, { metadata: { namespace, name: 'a' }, spec })
  await used('0', '1')
  const deadline = { type: 'merge', body: { spec: { activeDeadlineSeconds: 60 } } } as const
  await client.patch(Pod, { namespace, name: 'a' }, deadline)
  await used('1', '0')
})

it('a pod whose node does not let it go is counted no longer than twice its time', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace('n')
  await using _running = runControllers([resourceQuotas()], { client })
  const quota = { namespace: 'n', name: 'pods' }
  const used = (pods: string) =>
    eventually(async () => assert.deepEqual((await client.get(ResourceQuota, quota)).status.used, { pods }))
  await client.create(ResourceQuota, { metadata: quota, spec: { hard: { pods: '5' } } })
  await used('0')
  const ref = { namespace: 'n', name: 'a' }
  const containers = [{ name: 'c', image: 'x' }]
  const spec = { containers, automountServiceAccountToken: false, nodeName: 'lost' }
  await client.create(Pod, { metadata: ref, spec })
  await used('1')
  await client.delete(Pod, ref, { gracePeriodSeconds: 1 })
  await used('0')
  assert.equal((await client.get(Pod, ref)).metadata.deletionGracePeriodSeconds, 1)
})
