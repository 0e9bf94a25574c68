import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Deployment } from '../api/apps/v1/index.js'
import { HorizontalPodAutoscaler } from '../api/autoscaling/v2/index.js'
import { NodeMetrics, PodMetrics } from '../api/metrics/v1beta1/index.js'
import { eventually } from '../controllers/eventually.js'
import { ControlPlane } from './control-plane.js'

const namespace = 'default'

it('pods of simulated nodes use nothing, or what they say they use, and are scaled by that', async () => {
  await using plane = await ControlPlane.start({ port: false, simulatedNodes: 2 })
  const { client } = plane
  const deploy = (name: string, replicas: number, annotations: { readonly [name: string]: string }) => {
    const labels = { app: name }
    const containers = ['a', 'b'].map(name => ({ name, image: 'x', resources: { requests: { cpu: '100m' } } }))
    const template = { metadata: { labels, annotations }, spec: { containers } }
    return client.create(Deployment, {
      metadata: { namespace, name },
      spec: { replicas, selector: { matchLabels: labels }, template },
    })
  }
  await deploy('idle', 1, { 'simulation.typernetes.io/memory': 'plenty' })
  await deploy('busy', 2, { 'simulation.typernetes.io/cpu': '90m', 'simulation.typernetes.io/memory': '12Mi' })
  const usages = async (app: string) =>
    (await client.list(PodMetrics, { namespace, labelSelector: `app=${app}` })).items.map(({ containers, window }) => ({
      window,
      containers: containers.map(({ name, usage }) => `${name} ${usage['cpu']} ${usage['memory']}`),
    }))
  await eventually(async () => {
    assert.deepEqual(await usages('idle'), [{ window: '15s', containers: ['a 0 0', 'b 0 0'] }])
    const busy = { window: '15s', containers: ['a 90m 12Mi', 'b 90m 12Mi'] }
    assert.deepEqual(await usages('busy'), [busy, busy])
    const { items } = await client.list(NodeMetrics)
    const sum = items.map(({ usage }) => Number.parseInt(usage['cpu'] ?? '', 10)).reduce((a, b) => a + b)
    assert.deepEqual([items.length, sum], [2, 360])
  })
  await client.create(HorizontalPodAutoscaler, {
    metadata: { namespace, name: 'busy' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'busy' },
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
      ],
    },
  })
  await eventually(async () => {
    const { spec } = await client.get(Deployment, { namespace, name: 'busy' })
    assert.equal(spec.replicas, 3)
  })
})
