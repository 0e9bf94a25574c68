import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Pod } from '../api/core/v1/index.js'
import { eventually, isReady, TestNode } from './test-node.js'
import { mountsBelow } from './volumes/mounts.js'

const script = fileURLToPath(new URL('./test-kubelet-process.js', import.meta.url))
const forever = 'trap "exit 0" TERM; while true; do sleep 0.1; done'
const namespace = 'default'

describe('a node agent that is killed again and again', { timeout: 240_000 }, () => {
  let node: TestNode
  let child: ChildProcess | undefined
  before(async () => {
    node = await TestNode.start('busybox')
    await node.stopKubelet()
  })
  after(async () => {
    await kill()
    await node[Symbol.asyncDispose]()
  })

  const start = async (untilReady: boolean): Promise<void> => {
    const { client: _, onError: __, ...options } = await node.options()
    const argument = JSON.stringify({ endpoint: node.controlPlane.endpoint, options })
    child = spawn(process.execPath, [script, argument], { stdio: ['ignore', 'pipe', 'inherit'] })
    if (untilReady && child.stdout) await once(child.stdout, 'data')
  }
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const run = (name: string) =>
    node.run(name, {
      containers: [
        {
          name: 'a',
          image: 'busybox:test',
          command: ['sh', '-c', forever],
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        },
        { name: 'b', image: 'busybox:test', command: ['sh', '-c', forever] },
      ],
      volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }],
    })

  it('brings pods up and takes them down all the same', async () => {
    await run('first')
    await start(true)
    const { status } = await node.ready('first')
    const ids = status.containerStatuses?.map(({ containerID }) => containerID)
    const delays = [0, 40, 90, 150, 210, 280, 360, 450]
    for (const [round, delay] of delays.entries()) {
      await run(`pod-${round}`)
      if (round > 2) await node.client.delete(Pod, { namespace, name: `pod-${round - 3}` })
      await pause(delay)
      await kill()
      await start(true)
    }
    for (const name of ['pod-5', 'pod-6', 'pod-7']) await node.ready(name)
    for (const name of ['pod-0', 'pod-1', 'pod-2', 'pod-3', 'pod-4']) await node.gone(name)
    const kept = (await node.until('first', isReady)).status.containerStatuses
    assert.deepEqual(
      kept?.map(({ containerID }) => containerID),
      ids,
    )
    assert.deepEqual(
      kept?.map(({ restartCount }) => restartCount),
      [0, 0],
    )
    const names = async () => (await node.runtime.cri.listPodSandbox({})).items.map(item => item.metadata?.name).sort()
    await eventually(async () => (await names()).join() === 'first,pod-5,pod-6,pod-7', `left: ${await names()}`)
  })

  it('leaves nothing behind in the end', async () => {
    const { items } = await node.client.list(Pod, { namespace })
    for (const { metadata } of items) await node.client.delete(Pod, metadata)
    await pause(100)
    await kill()
    await start(true)
    for (const { metadata } of items) await node.gone(metadata.name ?? '')
    const { folder, runtime } = node
    const pods = join(folder, 'kubelet/pods')
    await eventually(async () => (await runtime.cri.listPodSandbox({})).items.length === 0, 'a sandbox is left')
    await eventually(async () => (await runtime.cri.listContainers({})).containers.length === 0, 'a container is left')
    await eventually(async () => (await readdir(join(folder, 'logs'))).length === 0, 'logs are left')
    await eventually(async () => (await readdir(pods)).length === 0, 'volumes are left')
    assert.deepEqual(await mountsBelow(pods), [])
  })
})
