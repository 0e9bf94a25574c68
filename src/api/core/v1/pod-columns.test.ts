import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pods } from './pods.js'

const now = Date.parse('2026-01-01T01:00:00Z')
const before = (minutes: number) => ({
  terminated: { exitCode: 1, finishedAt: new Date(now - minutes * 60_000).toISOString() },
})
const runs = { running: {} }
const ended = (exitCode: number, reason = '') => ({ terminated: { exitCode, reason } })
const waits = (reason: string) => ({ waiting: { reason } })
const is = (type: string) => ({ conditions: [{ type, status: 'True' }] })

const container = (name: string, state: object, others: object = {}) => ({
  name,
  state,
  lastState: {},
  restartCount: 0,
  ready: 'running' in state,
  ...others,
})

/** A pod of `a` and `b`, that begins with `i`, then `s`, which goes on beside them. */
function cells(initial: readonly object[], containers: readonly object[], status: object): unknown[] {
  const pod = {
    metadata: { name: 'p' },
    spec: {
      initContainers: [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }],
      containers: [{ name: 'a' }, { name: 'b' }],
    },
    status: { phase: 'Running', initContainerStatuses: initial, containerStatuses: containers, ...status },
  }
  const shown = new Set(['Ready', 'Status', 'Restarts'])
  return pods.columns.filter(({ name }) => shown.has(name)).map(({ cell }) => cell(pod as never, now))
}

const done = container('i', ended(0), { restartCount: 2, lastState: before(9) })
const beside = container('s', runs, { started: true, restartCount: 1, lastState: before(7) })
const a = container('a', runs)
const b = container('b', runs, { restartCount: 4, lastState: before(5) })

test('a pod that initializes shows how far its init containers are', () => {
  for (const [initial, containers, status, expected] of [
    [[], [], {}, ['0/3', 'Running', '0']],
    [[container('i', waits('PodInitializing'))], [a], {}, ['0/3', 'Init:0/2', '0']],
    [[container('i', waits('CrashLoopBackOff'))], [], {}, ['0/3', 'Init:CrashLoopBackOff', '0']],
    [[container('i', ended(3))], [], {}, ['0/3', 'Init:ExitCode:3', '0']],
    [[done], [], {}, ['0/3', 'Running', '0']],
    [[done, container('s', runs, { started: false })], [a], {}, ['0/3', 'Init:1/2', '2 (9m ago)']],
    // What comes after the one that is awaited does not count yet.
    [[container('i', runs, { restartCount: 3 }), beside], [], {}, ['0/3', 'Init:0/2', '3']],
    [[container('i', runs, { restartCount: 3 }), beside], [b], is('Initialized'), ['1/3', 'Init:0/2', '4 (5m ago)']],
  ] as const)
    assert.deepEqual(cells(initial, containers, status), expected)
})

test('a pod that is past its beginning shows its containers and those beside them', () => {
  for (const [initial, containers, status, expected] of [
    [[done, beside], [a, b], {}, ['3/3', 'Running', '5 (5m ago)']],
    [[done, beside], [a], {}, ['2/3', 'Running', '1 (7m ago)']],
    [[done, { ...beside, ready: false }], [a, b], {}, ['2/3', 'Running', '5 (5m ago)']],
    [[done, beside], [a, container('b', waits('ImagePullBackOff'))], {}, ['2/3', 'ImagePullBackOff', '1 (7m ago)']],
    [[], [a, container('b', ended(0, 'Completed'))], {}, ['1/3', 'NotReady', '0']],
    [[], [a, container('b', ended(0, 'Completed'))], is('Ready'), ['1/3', 'Running', '0']],
    [[], [container('a', ended(0, 'Completed')), container('b', ended(1, 'Error'))], {}, ['0/3', 'Error', '0']],
    [[], [container('a', ended(0, 'Completed')), container('b', ended(0, 'Completed'))], {}, ['0/3', 'Completed', '0']],
  ] as const)
    assert.deepEqual(cells(initial, containers, status), expected)
})
