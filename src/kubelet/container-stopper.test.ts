import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { Deadline, Deadlines, stopAll, stopContainer, stopOrder } from './container-stopper.js'
import { killGracePeriod, podGracePeriod } from './grace-period.js'
import { regularContainers } from './pod-containers.js'
import { container, exited, pod, record } from './test-pods.js'

const never = new AbortController().signal
const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

describe('grace periods', () => {
  const deleted = (deletionGracePeriodSeconds: number) => pod({}, { deletionGracePeriodSeconds })
  const table: readonly (readonly [string, number, number])[] = [
    ['30 s by default', podGracePeriod(pod()), 30],
    ["the pod's own", podGracePeriod(pod({ terminationGracePeriodSeconds: 5 })), 5],
    ["the deletion's", podGracePeriod(deleted(7)), 7],
    ['never none', podGracePeriod(deleted(0)), 1],
    ["the verdict's", podGracePeriod(pod(), { phase: 'Failed', reason: '', message: '', gracePeriod: 2 }), 2],
  ]
  for (const [title, got, want] of table) it(`are ${title}`, () => assert.equal(got, want * 1000))
  it("may be a probe's", () => {
    const probe = { exec: { command: ['x'] }, terminationGracePeriodSeconds: 3 }
    const subject = pod({ containers: [container('a', { livenessProbe: probe })] })
    const [first] = regularContainers(subject)
    assert.ok(first)
    assert.equal(killGracePeriod(subject, first, 'liveness'), 3000)
    assert.equal(killGracePeriod(subject, first, 'startup'), 30_000)
  })
})

describe('the order of stopping', () => {
  it('is regular containers together, then sidecars one by one, the last first', () => {
    const sidecar = (name: string) => container(name, { restartPolicy: 'Always' })
    const subject = pod({
      initContainers: [sidecar('s1'), container('i'), sidecar('s2')],
      containers: [container('a'), container('b')],
    })
    const containers = ['s1', 's2', 'a', 'b'].map(name => record(name))
    const order = stopOrder(subject, { sandboxes: [], containers: [...containers, exited('i', 0)] })
    assert.deepEqual(
      order.map(group => group.map(({ name }) => name).join('+')),
      ['a+b', 's2', 's1'],
    )
  })
})

describe('stopping a pod', () => {
  const begin = (gracePeriod: number) => {
    const clock = new ManualClock()
    const log: string[] = []
    const ends = new Map<string, () => void>()
    const lifecycle = { preStop: { exec: { command: ['x'] } } }
    const sidecar = (name: string) => container(name, { restartPolicy: 'Always', lifecycle })
    const subject = pod({ initContainers: [sidecar('s1'), sidecar('s2')], containers: [container('a', { lifecycle })] })
    const cri = {
      stopContainer: ({ containerId, timeout }: { containerId: string; timeout: number }) =>
        new Promise<void>(resolve => {
          log.push(`stop ${containerId} ${timeout}`)
          ends.set(containerId, resolve)
        }),
      execSync: async ({ containerId }: { containerId: string }) => {
        log.push(`hook ${containerId}`)
        return { exitCode: 0 }
      },
    }
    const containers = ['s1', 's2', 'a'].map(name => record(name, { id: name }))
    const stopped = stopAll({ cri, clock, view: { inspectEnd: async () => {} } } as never, {
      pod: subject,
      host: '10.0.0.5',
      deadline: new Deadline(clock.now() + gracePeriod, never),
      observed: () => ({ sandboxes: [], containers }),
      report: name => (_, reason) => log.push(`${reason} ${name}`),
    })
    const end = async (name: string) => {
      ends.get(name)?.()
      await settle()
    }
    return { clock, log, stopped, end }
  }
  const hooks = ['Killing a', 'Killing s2', 'Killing s1', 'hook a', 'hook s2', 'hook s1']

  it('begins all hooks at once, and signals sidecars one after the other', async () => {
    const { clock, log, stopped, end } = begin(30_000)
    await settle()
    assert.deepEqual([...log].sort(), [...hooks, 'stop a 30'].sort())
    clock.advance(5000)
    await end('a')
    await end('s2')
    await end('s1')
    await stopped
    assert.deepEqual(log.slice(hooks.length), ['stop a 30', 'stop s2 25', 'stop s1 25'])
  })

  it('signals all when the time is over, and leaves sidecars two seconds', async () => {
    const { clock, log, stopped, end } = begin(5000)
    await settle()
    clock.advance(5000)
    await settle()
    assert.deepEqual(log.slice(hooks.length).sort(), ['stop a 5', 'stop s1 2', 'stop s2 2'])
    for (const name of ['a', 's1', 's2']) await end(name)
    await stopped
  })
})

describe('stopping a container', () => {
  const begin = (gracePeriod: number, lifecycle?: object) => {
    const clock = new ManualClock()
    const log: string[] = []
    let end = () => {}
    const subject = pod({ containers: [container('a', lifecycle ? { lifecycle } : {})] })
    const cri = {
      stopContainer: ({ timeout }: { timeout: number }, { signal }: { signal: AbortSignal }) =>
        new Promise<void>((resolve, reject) => {
          log.push(`stop ${timeout}`)
          end = resolve
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      execSync: async () => {
        log.push('hook')
        return { exitCode: 0 }
      },
    }
    const view = { inspectEnd: async () => void log.push('look') }
    const deadline = new Deadline(clock.now() + gracePeriod, never)
    const [first] = regularContainers(subject)
    const stopped = stopContainer({ cri, clock, view } as never, {
      pod: subject,
      container: first,
      record: record('a'),
      host: '10.0.0.5',
      deadline,
      report: (_, reason, message) => log.push(`${reason}: ${message}`),
    })
    return { clock, log, deadline, stopped, end: () => end() }
  }

  it('gives it its time, then looks', async () => {
    const { log, stopped, end } = begin(30_000)
    await settle()
    end()
    await stopped
    assert.deepEqual(log, ['Killing: Stopping container a', 'stop 30', 'look'])
  })

  it('runs its hook first', async () => {
    const { log, stopped, end } = begin(30_000, { preStop: { exec: { command: ['x'] } } })
    await settle()
    end()
    await stopped
    assert.deepEqual(log, ['Killing: Stopping container a', 'hook', 'stop 30', 'look'])
  })

  it('cuts a hook off that takes all the time, and leaves two seconds', async () => {
    const { log, stopped, end, clock } = begin(5000, { preStop: { sleep: { seconds: 60 } } })
    await settle()
    clock.advance(5000)
    await settle()
    end()
    await stopped
    assert.deepEqual(log, [
      'Killing: Stopping container a',
      'FailedPreStopHook: PreStopHook failed: preStop hook not completed in grace period',
      'stop 2',
      'look',
    ])
  })

  it('hurries when the deadline is moved up', async () => {
    const { log, stopped, end, clock, deadline } = begin(300_000)
    await settle()
    deadline.moveUp(clock.now() + 400_000)
    deadline.moveUp(clock.now() + 1000)
    await settle()
    end()
    await stopped
    assert.deepEqual(log, ['Killing: Stopping container a', 'stop 300', 'stop 1', 'look'])
  })

  it('is told to all that is being stopped', async () => {
    const clock = new ManualClock()
    const deadlines = new Deadlines(clock, never)
    let seen: Deadline | undefined
    await deadlines.within(30_000, async deadline => {
      seen = deadline
      deadlines.moveUp(clock.now() + 1)
    })
    assert.equal(seen?.time, clock.now() + 1)
  })
})
