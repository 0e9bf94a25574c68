import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { Deployment } from '../api/apps/v1/index.js'
import { Pod } from '../api/core/v1/index.js'
import type { PodMetrics } from '../api/metrics/v1beta1/index.js'
import { eventually } from '../controllers/eventually.js'
import { rfc3339 } from '../machinery/clock.js'
import { kubectlEnvironment, run, unpackKubectl } from '../machinery/streaming/test-kubectl.js'
import { ControlPlane } from './control-plane.js'

const namespace = 'default'

it('a deployment on simulated nodes is scaled by the figures it is given', async () => {
  let pods: readonly Pod[] = []
  // They share one load, so that three are enough however often it is looked at.
  const metricsOf = ({ metadata }: Pod): PodMetrics => ({
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name: metadata.name, namespace, labels: metadata.labels } as PodMetrics['metadata'],
    timestamp: rfc3339(Date.now()),
    window: '0s',
    containers: [{ name: 'c', usage: { cpu: `${240 / pods.length}m`, memory: '1Mi' } }],
  })
  await using plane = await ControlPlane.start({
    simulatedNodes: 2,
    resourceMetrics: { nodes: () => [], pods: () => pods.map(metricsOf) },
  })
  const { client } = plane
  const labels = { app: 'web' }
  const containers = [{ name: 'c', image: 'x', resources: { requests: { cpu: '100m' } } }]
  await client.create(Deployment, {
    metadata: { namespace, name: 'web' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  })
  const ready = (replicas: number) =>
    eventually(async () => {
      const { status } = await client.get(Deployment, { namespace, name: 'web' })
      assert.equal(status.readyReplicas, replicas)
      pods = (await client.list(Pod, { namespace, labelSelector: 'app=web' })).items
      assert.equal(pods.length, replicas)
    })
  await ready(1)

  const folder = await mkdtemp(join(tmpdir(), 't8s-autoscaling-'))
  try {
    const kubectl = await unpackKubectl(folder)
    await writeFile(join(folder, 'config'), plane.kubeconfig)
    const say = async (...args: string[]) => {
      const command = [kubectl, '--kubeconfig', join(folder, 'config'), ...args]
      const { stdout, stderr } = await run(command, { env: kubectlEnvironment(folder) })
      return `${stdout}${stderr}`
    }
    await say('autoscale', 'deployment', 'web', '--min=1', '--max=5', '--cpu=80%')
    await ready(3)
    await eventually(async () => assert.match(await say('get', 'hpa', 'web'), /cpu: 80%\/80% +1 +5 +3 /))
    const described = await say('describe', 'hpa', 'web')
    assert.match(described, /resource cpu on pods +\(as a percentage of request\): +80% \(80m\) \/ 80%/)
    assert.match(described, /AbleToScale +True +ReadyForNewScale/)
    assert.match(described, /ScalingActive +True +ValidMetricFound/)
    assert.match(described, /SuccessfulRescale .*New size: 3; reason: cpu resource utilization/)

    const rows = /^NAME +CPU +MEMORY +WINDOW\n(web-\S+ +80m +1Mi +0s *\n){3}$/
    assert.match(await say('get', 'podmetrics.metrics.k8s.io'), rows)
    assert.match(await say('top', 'pods', '--sum', '--no-headers'), /240m +3Mi/)
    assert.match(await say('get', 'apiservice', 'v1beta1.metrics.k8s.io'), /Local +True/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
