import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { containerAnnotations, containerLabels, ownerLabels, ownerOf } from './container/labels.js'
import { regularContainers } from './pod-containers.js'
import { RuntimeError } from './runtime/runtime-error.js'
import { RuntimeView } from './runtime-view.js'
import { pod } from './test-pods.js'

const subject = pod()
const [first] = regularContainers(subject)
assert.ok(first)
const nano = 1_000_000

const setup = () => {
  const clock = new ManualClock()
  const labels = containerLabels(subject, first)
  const annotations = containerAnnotations(subject, first, 2, { limits: { cpu: '1' } })
  let containerState = 1
  let sandboxState = 0
  const gone = new Set<string>()
  const find = (id: string) => {
    if (gone.has(id)) throw new RuntimeError('NotFound', id)
  }
  const cri = {
    listPodSandbox: async () => ({
      items: gone.has('s') ? [] : [{ id: 's', state: sandboxState, labels: ownerLabels(ownerOf(subject)) }],
    }),
    listContainers: async () => ({
      containers: gone.has('c') ? [] : [{ id: 'c', podSandboxId: 's', state: containerState, labels }],
    }),
    containerStatus: async () => {
      find('c')
      const times = { createdAt: clock.now() * nano, startedAt: clock.now() * nano, finishedAt: 0 }
      return { status: { id: 'c', state: containerState, ...times, exitCode: 3, reason: 'Error', labels, annotations } }
    },
    podSandboxStatus: async () => {
      find('s')
      const network = { ip: '10.0.0.5', additionalIps: [] }
      const metadata = { attempt: 1 }
      return {
        status: {
          id: 's',
          state: sandboxState,
          createdAt: 0,
          network,
          metadata,
          labels: ownerLabels(ownerOf(subject)),
        },
      }
    },
  }
  const changes: string[] = []
  const view = new RuntimeView({
    cri: cri as never,
    clock,
    signal: new AbortController().signal,
    messages: { read: async () => 'last words' },
    changed: uid => changes.push(uid),
  })
  return {
    view,
    clock,
    changes,
    gone,
    end: () => (containerState = 2),
    change: (state: number) => (containerState = state),
    die: () => (sandboxState = 1),
  }
}

describe('the view of the runtime', () => {
  it('finds what is there', async () => {
    const { view, changes } = setup()
    await view.list()
    const { sandboxes, containers } = view.get('u1')
    assert.deepEqual([sandboxes[0]?.ips, sandboxes[0]?.attempt, sandboxes[0]?.ready], [['10.0.0.5'], 1, true])
    const [container] = containers
    assert.deepEqual(
      [container?.name, container?.state, container?.restartCount, container?.sandboxId],
      ['a', 'running', 2, 's'],
    )
    assert.deepEqual(container?.requirements, { limits: { cpu: '1' } })
    assert.deepEqual(changes, ['u1'])
    assert.deepEqual([...view.owners], [ownerOf(subject)])
    await view.list()
    assert.deepEqual(changes, ['u1'])
  })

  it('hears of an end, with last words', async () => {
    const { view, end, changes } = setup()
    await view.list()
    let heard = 0
    const listening = view.onChange('u1', () => heard++)
    end()
    await view.take({ type: 'exited', id: 'c', pid: 1, exitCode: 3, exitedAt: 0 })
    const [container] = view.get('u1').containers
    assert.deepEqual([container?.state, container?.exitCode, container?.message], ['exited', 3, 'last words'])
    assert.deepEqual(changes, ['u1', 'u1'])
    assert.equal(heard, 1)
    listening[Symbol.dispose]()
  })

  it('hears of the death of a sandbox', async () => {
    const { view, die } = setup()
    await view.list()
    die()
    await view.take({ type: 'exited', id: 's', pid: 1, exitCode: 0, exitedAt: 0 })
    assert.equal(view.get('u1').sandboxes[0]?.ready, false)
  })

  it('waits for a runtime that is slow to learn of an end', async () => {
    const { view, end, clock } = setup()
    await view.list()
    const taken = view.take({ type: 'exited', id: 'c', pid: 1, exitCode: 3, exitedAt: 0 })
    for (let i = 0; i < 100; i++) {
      await new Promise(setImmediate)
      clock.advance(100)
    }
    assert.equal(view.get('u1').containers[0]?.state, 'running')
    end()
    for (let i = 0; i < 10; i++) {
      await new Promise(setImmediate)
      clock.advance(100)
    }
    await taken
    assert.equal(view.get('u1').containers[0]?.state, 'exited')
  })

  it('hears of an end that comes before the runtime has noted the start', async () => {
    const { view, clock, change } = setup()
    change(0)
    await view.inspectContainer('c')
    const taken = view.take({ type: 'exited', id: 'c', pid: 1, exitCode: 0, exitedAt: 0 })
    await new Promise(setImmediate)
    change(1)
    await view.inspectContainer('c')
    assert.equal(view.get('u1').containers[0]?.state, 'running')
    change(2)
    for (let i = 0; i < 10; i++) {
      await new Promise(setImmediate)
      clock.advance(100)
    }
    await taken
    assert.equal(view.get('u1').containers[0]?.state, 'exited')
  })

  it('never goes back', async () => {
    const { view, end } = setup()
    end()
    await view.inspectContainer('c')
    const before = view.get('u1')
    await view.list()
    assert.equal(before.containers[0]?.state, 'exited')
    assert.equal(view.get('u1').containers[0]?.state, 'exited')
  })

  it('forgets what is gone', async () => {
    const { view, gone, clock } = setup()
    await view.list()
    gone.add('c')
    await view.take({ type: 'deleted', id: 'c' })
    assert.equal(view.get('u1').containers.length, 0)
    gone.add('s')
    clock.advance(120_000)
    await view.list()
    assert.deepEqual([...view.owners], [])
  })

  it('knows nothing of what others made', async () => {
    const { view, changes } = setup()
    await view.take({ type: 'exited', id: 'foreign', pid: 1, exitCode: 0, exitedAt: 0 })
    assert.deepEqual(changes, [])
  })
})
