import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Node, Pod } from '../api/core/v1/index.js'
import { serviceUnavailable } from '../machinery/status-error.js'
import { startContainerd } from './runtime/containerd.js'
import { eventually, isReady, TestNode } from './test-node.js'

const forever = 'trap "exit 0" TERM; while true; do sleep 0.1; done'
const box = (command: string) => ({ name: 'box', image: 'busybox:test', command: ['sh', '-c', command] })

describe('a node that is left alone', { timeout: 240_000 }, () => {
  let node: TestNode
  before(async () => {
    node = await TestNode.start('busybox')
  })
  after(async () => {
    await node[Symbol.asyncDispose]()
  })
  afterEach(() => node.clear())

  it('says so when the runtime is away, and leaves its pods alone', async () => {
    await node.run('steady', { containers: [box(forever)] })
    const before = await node.ready('steady')
    const nodeReady = async () => {
      const { status } = await node.client.get(Node, { name: 'node' })
      return status.conditions?.find(({ type }) => type === 'Ready')?.status
    }
    await node.runtime.containerd[Symbol.asyncDispose]()
    await eventually(async () => (await nodeReady()) === 'False', 'the node still says it is ready')
    const again = await startContainerd(node.runtime.options)
    await again.ready
    await eventually(async () => (await nodeReady()) === 'True', 'the node is not ready again')
    const [status] = (await node.pod('steady')).status.containerStatuses ?? []
    assert.equal(status?.containerID, before.status.containerStatuses?.[0]?.containerID)
    assert.ok(isReady(await node.pod('steady')))
    const containerId = status?.containerID?.replace('containerd://', '') ?? ''
    await node.runtime.cri.stopContainer({ containerId, timeout: 0 })
    await node.until('steady', pod => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1)
    await node.remove('steady')
    node.faults.length = 0
  })

  it('goes on while the API server is away', async () => {
    let away = false
    const guarded = new Proxy(node.client, {
      get: (target, name) => {
        if (!away) return Reflect.get(target, name)
        if (name === 'watch') return () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(down()) }) })
        return () => Promise.reject(down())
      },
    })
    const down = () => serviceUnavailable('away')
    await node.stopKubelet()
    await node.startKubelet({ client: guarded, onError: () => {} })
    await node.run('lonely', { containers: [box(forever)] })
    const { status } = await node.ready('lonely')
    away = true
    const containerId = status.containerStatuses?.[0]?.containerID?.replace('containerd://', '') ?? ''
    await node.runtime.cri.stopContainer({ containerId, timeout: 0 })
    await eventually(async () => {
      const { containers } = await node.runtime.cri.listContainers({ filter: { state: { state: 1 } } })
      return containers.length === 1 && containers[0]?.id !== containerId
    }, 'it has not been restarted')
    away = false
    await node.until('lonely', pod => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 1)
    await node.remove('lonely')
  })

  it('runs the pods of its own manifests', async () => {
    const manifestDir = join(node.folder, 'manifests')
    await mkdir(manifestDir)
    await node.stopKubelet()
    await node.startKubelet({ manifestDir })
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'own' },
      spec: { containers: [box(forever)], terminationGracePeriodSeconds: 1 },
    }
    await writeFile(join(manifestDir, 'own.json'), JSON.stringify(manifest))
    await eventually(() => node.pod('own-node').then(isReady, () => false), 'its mirror is not ready')
    const { metadata, status } = await node.pod('own-node')
    await node.client.delete(Pod, metadata, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const again = await node.pod('own-node').catch(() => undefined)
      return again !== undefined && again.metadata.uid !== metadata.uid && isReady(again)
    }, 'its mirror has not come back')
    const kept = (await node.pod('own-node')).status.containerStatuses?.[0]?.containerID
    assert.equal(kept, status.containerStatuses?.[0]?.containerID)
    // What it leaves must be gone before another pod takes its place, even if that is the same one.
    const again = {
      ...manifest,
      spec: { containers: [box('trap "sleep 1; exit 0" TERM; while true; do sleep 0.1; done')] },
    }
    const write = (value: object) => writeFile(join(manifestDir, 'own.json'), JSON.stringify(value))
    await write(again)
    const another = (pod: Pod) => isReady(pod) && pod.status.containerStatuses?.[0]?.containerID !== kept
    await eventually(() => node.pod('own-node').then(another, () => false), 'it has not been replaced')
    await rm(join(manifestDir, 'own.json'))
    await pause(300)
    await write(again)
    const count = async () =>
      (await node.runtime.cri.listContainers({ filter: { state: { state: 1 } } })).containers.length
    await eventually(async () => (await count()) === 0, 'it does not end')
    await eventually(() => node.pod('own-node').then(isReady, () => false), 'it has not come back')
    assert.equal(await count(), 1)
    await rm(join(manifestDir, 'own.json'))
    await node.gone('own-node')
    await eventually(async () => (await node.runtime.cri.listPodSandbox({})).items.length === 0, 'it still runs')
  })
})
