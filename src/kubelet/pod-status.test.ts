import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ContainerState, PodStatus } from '../api/core/v1/index.js'
import { podStatus, type StatusInput } from './pod-status.js'
import { container, exited, now, pod, record, sandbox, situation } from './test-pods.js'

const input = (rest: Partial<StatusInput> = {}): StatusInput => ({
  ...situation(rest),
  waits: new Map(),
  settled: false,
  hostIps: ['192.0.2.1'],
  ...rest,
})

const stateText = ({ waiting, running, terminated }: ContainerState): string =>
  waiting
    ? `waiting ${waiting.reason}`
    : running
      ? 'running'
      : terminated
        ? `${terminated.reason} ${terminated.exitCode}`
        : ''

/** phase [reason] | conditions that are true | containers */
function brief(status: PodStatus): string {
  const trues = (status.conditions ?? []).filter(c => c.status === 'True').map(c => c.type)
  const short: { [type: string]: string } = {
    PodReadyToStartContainers: 'S',
    Initialized: 'I',
    ContainersReady: 'C',
    Ready: 'R',
  }
  const containers = [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].map(
    c =>
      `${c.name}#${c.restartCount}${c.ready ? '+' : '-'} ${[c.state, c.lastState].map(stateText).filter(Boolean).join(' after ')}`,
  )
  return [
    `${status.phase}${status.reason ? ` ${status.reason}` : ''}`,
    trues.map(type => short[type] ?? '').join(''),
    ...containers,
  ].join(' | ')
}

const probe = { exec: { command: ['true'] } }
const inits = { initContainers: [container('i')] }
const sidecars = { initContainers: [container('s', { restartPolicy: 'Always' })] }
const one = [sandbox()]
const wait = (reason: string) => new Map([['a', { reason }]])

interface Case {
  readonly title: string
  readonly given: Partial<StatusInput>
  readonly want: string
}

const cases: readonly Case[] = [
  { title: 'a new pod', given: {}, want: 'Pending | I | a#0- waiting ContainerCreating' },
  {
    title: 'with its sandbox',
    given: { observed: { sandboxes: one, containers: [] } },
    want: 'Pending | SI | a#0- waiting ContainerCreating',
  },
  {
    title: 'running',
    given: { observed: { sandboxes: one, containers: [record('a')] } },
    want: 'Running | SIRC | a#0+ running',
  },
  {
    title: 'not before its post-start hook is over',
    given: { observed: { sandboxes: one, containers: [record('a')] }, starting: new Set(['a0']) },
    want: 'Pending | SI | a#0- waiting ContainerCreating',
  },
  {
    title: 'not ready before its readiness probe says so',
    given: {
      pod: pod({ containers: [container('a', { readinessProbe: probe })] }),
      observed: { sandboxes: one, containers: [record('a')] },
    },
    want: 'Running | SI | a#0- running',
  },
  {
    title: 'nor before its start-up probe says so',
    given: {
      pod: pod({ containers: [container('a', { startupProbe: probe })] }),
      observed: { sandboxes: one, containers: [record('a')] },
    },
    want: 'Running | SI | a#0- running',
  },
  {
    title: 'image troubles',
    given: { observed: { sandboxes: one, containers: [] }, waits: wait('ImagePullBackOff') },
    want: 'Pending | SI | a#0- waiting ImagePullBackOff',
  },
  {
    title: 'a crash loop keeps the last end',
    given: {
      observed: { sandboxes: one, containers: [exited('a', 2, { restartCount: 3 })] },
      waits: wait('CrashLoopBackOff'),
    },
    want: 'Running | SI | a#3- waiting CrashLoopBackOff after Error 2',
  },
  {
    title: 'a restart keeps the end before',
    given: { observed: { sandboxes: one, containers: [record('a', { restartCount: 1 }), exited('a', 2)] } },
    want: 'Running | SIRC | a#1+ running after Error 2',
  },
  {
    title: 'initializing',
    given: { pod: pod(inits), observed: { sandboxes: one, containers: [record('i')] } },
    want: 'Pending | S | i#0- running | a#0- waiting PodInitializing',
  },
  {
    title: 'initialized',
    given: { pod: pod(inits), observed: { sandboxes: one, containers: [exited('i', 0)] } },
    want: 'Pending | SI | i#0+ Completed 0 | a#0- waiting PodInitializing',
  },
  {
    title: 'failed initialization of a pod that never restarts',
    given: {
      pod: pod({ ...inits, restartPolicy: 'Never' }),
      settled: true,
      observed: { sandboxes: one, containers: [exited('i', 1)] },
    },
    want: 'Failed | S | i#0- Error 1 | a#0- waiting PodInitializing',
  },
  {
    title: 'failed initialization that is repeated',
    given: { pod: pod(inits), observed: { sandboxes: one, containers: [exited('i', 1)] } },
    want: 'Pending | S | i#0- Error 1 | a#0- waiting PodInitializing',
  },
  {
    title: 'a sidecar counts for readiness',
    given: { pod: pod(sidecars), observed: { sandboxes: one, containers: [record('a'), exited('s', 1)] } },
    want: 'Running | SI | s#0- Error 1 | a#0+ running',
  },
  {
    title: 'a sidecar first',
    given: { pod: pod(sidecars), observed: { sandboxes: one, containers: [record('s')] } },
    want: 'Pending | SI | s#0+ running | a#0- waiting PodInitializing',
  },
  {
    title: 'succeeded',
    given: {
      pod: pod({ restartPolicy: 'Never' }),
      settled: true,
      observed: { sandboxes: one, containers: [exited('a', 0)] },
    },
    want: 'Succeeded | SI | a#0- Completed 0',
  },
  {
    title: 'not succeeded before its sidecars are stopped',
    given: {
      pod: pod({ ...sidecars, restartPolicy: 'Never' }),
      observed: { sandboxes: one, containers: [exited('a', 0), record('s')] },
    },
    want: 'Running | SI | s#0+ running | a#0- Completed 0',
  },
  {
    title: 'failed',
    given: {
      pod: pod({ restartPolicy: 'Never' }),
      settled: true,
      observed: { sandboxes: one, containers: [exited('a', 1)] },
    },
    want: 'Failed | SI | a#0- Error 1',
  },
  {
    title: 'an ended container of a pod that restarts it',
    given: { observed: { sandboxes: one, containers: [exited('a', 0)] } },
    want: 'Running | SI | a#0- Completed 0',
  },
  {
    title: 'a deleted pod whose containers ended well has succeeded',
    given: { settled: true, observed: { sandboxes: [], containers: [exited('a', 0)] } },
    want: 'Succeeded | I | a#0- Completed 0',
  },
  {
    title: 'a deleted pod that never started has failed',
    given: { settled: true },
    want: 'Failed | I | a#0- waiting ContainerCreating',
  },
  {
    title: 'evicted, but still ending',
    given: {
      verdict: { phase: 'Failed', reason: 'Evicted', message: 'm' },
      status: { phase: 'Running' },
      observed: { sandboxes: one, containers: [record('a')] },
    },
    want: 'Running | SIRC | a#0+ running',
  },
  {
    title: 'evicted',
    given: {
      verdict: { phase: 'Failed', reason: 'Evicted', message: 'm' },
      settled: true,
      status: { phase: 'Running' },
      observed: { sandboxes: [], containers: [exited('a', 137)] },
    },
    want: 'Failed Evicted | I | a#0- Error 137',
  },
  {
    title: 'what has failed stays failed, with its reason',
    given: {
      status: { phase: 'Failed', reason: 'Evicted' },
      settled: true,
      observed: { sandboxes: [], containers: [exited('a', 0)] },
    },
    want: 'Failed Evicted | I | a#0- Completed 0',
  },
  {
    title: 'an ephemeral container is nobody’s business',
    given: {
      pod: pod({ ephemeralContainers: [container('debug')] }),
      observed: { sandboxes: one, containers: [exited('debug', 1), record('a')] },
    },
    want: 'Running | SIRC | a#0+ running | debug#0- Error 1',
  },
]

describe('the status of a pod', () => {
  for (const { title, given, want } of cases) it(title, () => assert.equal(brief(podStatus(input(given))), want))

  it('names what is missing', () => {
    const subject = pod({
      initContainers: [container('i')],
      containers: [container('b'), container('a')],
      readinessGates: [{ conditionType: 'example.com/gate' }],
    })
    const conditions = podStatus(
      input({ pod: subject, observed: { sandboxes: one, containers: [record('i')] } }),
    ).conditions
    const find = (type: string) => conditions?.find(condition => condition.type === type)
    assert.equal(find('Initialized')?.message, 'containers with incomplete status: [i]')
    assert.equal(find('ContainersReady')?.message, 'containers with unready status: [a b]')
    assert.equal(find('Ready')?.reason, 'ContainersNotReady')
    assert.equal(find('PodScheduled')?.status, 'True')
    assert.equal(find('Ready')?.observedGeneration, 1)
  })

  it('waits for readiness gates', () => {
    const subject = pod({ readinessGates: [{ conditionType: 'gate' }] })
    const observed = { sandboxes: one, containers: [record('a')] }
    const ready = (status?: string) => {
      const conditions = status ? [{ type: 'gate', status, lastProbeTime: null, lastTransitionTime: null }] : []
      return podStatus(input({ pod: subject, observed, status: { conditions } })).conditions?.find(
        c => c.type === 'Ready',
      )
    }
    assert.equal(ready()?.message, 'corresponding condition of pod readiness gate "gate" does not exist.')
    assert.equal(ready('False')?.message, 'the status of pod readiness gate "gate" is not "True", but False')
    assert.equal(ready('True')?.status, 'True')
  })

  it('keeps transition times, start time, addresses and the conditions of others', () => {
    const old: PodStatus = {
      startTime: '2026-01-01T10:00:00Z',
      podIPs: [{ ip: '10.0.0.9' }],
      conditions: [
        { type: 'Ready', status: 'False', lastProbeTime: null, lastTransitionTime: '2026-01-01T10:00:00Z' },
        { type: 'Initialized', status: 'False', lastProbeTime: null, lastTransitionTime: '2026-01-01T10:00:00Z' },
        { type: 'mine', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T10:00:00Z' },
      ],
    }
    const status = podStatus(input({ status: old, settled: true }))
    assert.equal(status.startTime, '2026-01-01T10:00:00Z')
    assert.equal(status.podIP, '10.0.0.9')
    const times = Object.fromEntries((status.conditions ?? []).map(c => [c.type, c.lastTransitionTime]))
    assert.equal(times.Ready, '2026-01-01T10:00:00Z')
    assert.equal(times.Initialized, '2026-01-01T12:00:00Z')
    assert.equal(times.mine, '2026-01-01T10:00:00Z')
  })

  it('says that a container is lost when nobody knows how it ended', () => {
    const [running] =
      podStatus(input({ observed: { sandboxes: one, containers: [record('a')] } })).containerStatuses ?? []
    assert.ok(running)
    const status = podStatus(input({ status: { containerStatuses: [running] }, settled: true }))
    assert.equal(status.containerStatuses?.[0]?.state.terminated?.reason, 'ContainerStatusUnknown')
    assert.equal(status.phase, 'Failed')
  })

  it('carries what a container left behind', () => {
    const ended = exited('a', 1, { message: 'bye', startedAt: now - 5000 })
    const [status] = podStatus(input({ observed: { sandboxes: one, containers: [ended] } })).containerStatuses ?? []
    assert.deepEqual(status?.state.terminated, {
      exitCode: 1,
      reason: 'Error',
      message: 'bye',
      startedAt: '2026-01-01T11:59:55Z',
      finishedAt: '2026-01-01T11:59:59Z',
      containerID: 'containerd://a0',
    })
  })
})
