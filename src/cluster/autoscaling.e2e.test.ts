import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Deployment } from '../api/apps/v1/index.js'
import { HorizontalPodAutoscaler } from '../api/autoscaling/v2/index.js'
import { Pod } from '../api/core/v1/index.js'
import { isReady, TestNode } from '../kubelet/test-node.js'
import { kubectlEnvironment, run, unpackKubectl } from '../machinery/streaming/test-kubectl.js'
import { testFolder } from '../machinery/test-folder.js'

const namespace = 'default'
const busy = 'while [ ! -e /tmp/enough ]; do :; done; while true; do sleep 1; done'
/** Figures come every 15 s, and autoscalers look as often. */
const patience = 120_000

describe('a busy pod', { timeout: 400_000 }, () => {
  let node: TestNode
  let folder = ''
  let kubectl = ''
  before(async () => {
    node = await TestNode.start('busybox')
    folder = testFolder()
    kubectl = await unpackKubectl(folder)
    await writeFile(join(folder, 'config'), node.controlPlane.kubeconfig)
    const labels = { app: 'busy' }
    const resources = { requests: { cpu: '50m', memory: '16Mi' }, limits: { cpu: '100m' } }
    const containers = [
      {
        name: 'worker',
        image: 'busybox:test',
        command: ['sh', '-c', busy],
        resources,
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ]
    const spec = { containers, volumes: [{ name: 'tmp', emptyDir: {} }], terminationGracePeriodSeconds: 0 }
    await node.client.create(Deployment, {
      metadata: { namespace, name: 'busy' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    })
  })
  after(async () => {
    await node[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const top = async (...args: string[]) => {
    const { stdout, stderr } = await run([kubectl, '--kubeconfig', join(folder, 'config'), 'top', ...args], {
      env: kubectlEnvironment(folder),
    })
    return `${stdout}${stderr}`
  }
  const soon = async <T>(look: () => Promise<T>): Promise<T> => {
    const end = Date.now() + patience
    for (;;)
      try {
        return await look()
      } catch (error) {
        if (Date.now() > end) throw error
        await pause(250)
      }
  }
  const pods = async () => (await node.client.list(Pod, { namespace, labelSelector: 'app=busy' })).items

  it('is seen by kubectl top, its containers, too', async () => {
    // It may use a tenth of a core, and does.
    const shown = await soon(async () => {
      const text = await top('pods')
      assert.match(text, /^busy-\S+ +(?:[5-9]\d|1[0-4]\d)m +\d+Mi/m)
      return text
    })
    assert.match(shown, /^NAME +CPU\(cores\) +MEMORY\(bytes\)/)
    assert.match(await top('pods', '--containers'), /^busy-\S+ +worker +\d+m +\d+Mi/m)
    assert.match(await top('pods', '-l', 'app=none'), /No resources found/)
    await soon(async () => assert.match(await top('nodes'), /^node +\d+m +\d+% +\d+Mi +\d+%/m))
  })

  it('is given company, and left alone again when there is nothing to do', async () => {
    await node.client.create(HorizontalPodAutoscaler, {
      metadata: { namespace, name: 'busy' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'busy' },
        minReplicas: 1,
        maxReplicas: 2,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
      },
    })
    await soon(async () => assert.equal((await pods()).filter(isReady).length, 2))
    for (const { metadata } of await pods()) await node.sh(metadata.name ?? '', 'touch /tmp/enough')
    await soon(async () => assert.equal((await pods()).length, 1))
    const { status } = await node.client.get(HorizontalPodAutoscaler, { namespace, name: 'busy' })
    assert.equal(status.desiredReplicas, 1)
    assert.ok(status.lastScaleTime)
  })

  it('has met no faults', () => assert.deepEqual(node.faults.map(String), []))
})
