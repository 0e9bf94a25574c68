import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Probe } from '../api/core/v1/index.js'
import { backOffKey, decide, type PodDecision, type PodSituation, type ProbeOutcome } from './pod-actions.js'
import { regularContainers } from './pod-containers.js'
import type { ContainerRecord, SandboxRecord } from './pod-runtime-state.js'
import { container, exited, now, pod, record, sandbox, situation } from './test-pods.js'

const probe: Probe = { exec: { command: ['true'] } }
const sidecar = (name: string, rest = {}) => container(name, { restartPolicy: 'Always', ...rest })

/** A decision in one line: what a reader of the table wants to see. */
function brief(decision: PodDecision): string {
  if (decision.kind === 'terminate') return `terminate ${decision.verdict?.reason ?? ''}`.trim()
  if (decision.kind === 'replaceSandbox') return `sandbox ${decision.attempt}${decision.replaces ? ' again' : ''}`
  const words = [
    ...decision.kills.map(({ record, cause }) => `kill ${record.id} ${cause}`),
    ...decision.starts.map(
      ({ container, restartCount, discard }) =>
        `start ${container.spec.name}#${restartCount}${discard ? ` discarding ${discard}` : ''}`,
    ),
    ...decision.crashLoops.map(({ container, delay }) => `wait ${container.spec.name} ${delay / 1000}s`),
    ...(decision.wakeAt === undefined ? [] : [`wake +${(decision.wakeAt - now) / 1000}s`]),
  ]
  return words.join(', ') || 'nothing'
}

interface Case {
  readonly title: string
  readonly spec?: Parameters<typeof pod>[0]
  readonly meta?: Parameters<typeof pod>[1]
  readonly status?: Parameters<typeof pod>[2]
  readonly sandboxes?: readonly SandboxRecord[]
  readonly containers?: readonly ContainerRecord[]
  readonly probes?: { readonly [id: string]: ProbeOutcome }
  readonly delay?: number
  readonly more?: Partial<PodSituation>
  readonly want: string
}

const two = [container('a'), container('b')]
const inits = { initContainers: [container('i'), container('j')] }

const cases: readonly Case[] = [
  { title: 'a new pod gets a sandbox', sandboxes: [], want: 'sandbox 0' },
  { title: 'then its containers, in order', spec: { containers: two }, want: 'start a#0, start b#0' },
  { title: 'all is well', containers: [record('a')], want: 'nothing' },
  { title: 'one of two is missing', spec: { containers: two }, containers: [record('a')], want: 'start b#0' },

  { title: 'init containers go first', spec: inits, want: 'start i#0' },
  { title: 'one at a time', spec: inits, containers: [record('i')], want: 'nothing' },
  { title: 'then the next', spec: inits, containers: [exited('i', 0)], want: 'start j#0' },
  { title: 'then the rest', spec: inits, containers: [exited('j', 0), exited('i', 0)], want: 'start a#0' },
  { title: 'a failed init container is repeated', spec: inits, containers: [exited('i', 1)], want: 'start i#1' },
  {
    title: 'with back-off',
    spec: inits,
    containers: [exited('i', 1, { restartCount: 2 })],
    delay: 20_000,
    want: 'wait i 20s, wake +19s',
  },
  {
    title: 'unless the pod never restarts',
    spec: { ...inits, restartPolicy: 'Never' },
    containers: [exited('i', 1)],
    want: 'terminate',
  },
  {
    title: 'init containers are not repeated beside running containers',
    spec: inits,
    containers: [record('a')],
    want: 'nothing',
  },

  { title: 'a sidecar goes before', spec: { initContainers: [sidecar('s')] }, want: 'start s#0' },
  {
    title: 'and the others follow once it runs',
    spec: { initContainers: [sidecar('s'), container('i')] },
    containers: [record('s')],
    want: 'start i#0',
  },
  {
    title: 'a sidecar with a start-up probe holds the others back',
    spec: { initContainers: [sidecar('s', { startupProbe: probe })] },
    containers: [record('s')],
    want: 'nothing',
  },
  {
    title: 'until the probe succeeds',
    spec: { initContainers: [sidecar('s', { startupProbe: probe })] },
    containers: [record('s')],
    probes: { s0: { startup: 'success' } },
    want: 'start a#0',
  },
  {
    title: 'a sidecar that ends during initialization is restarted while the init container goes on',
    spec: { initContainers: [sidecar('s'), container('i')] },
    containers: [record('i'), exited('s', 0)],
    want: 'start s#1',
  },
  {
    title: 'a sidecar is restarted beside running containers, even if it succeeded and the pod never restarts',
    spec: { initContainers: [sidecar('s')], restartPolicy: 'Never' },
    containers: [record('a'), exited('s', 0)],
    want: 'start s#1',
  },
  {
    title: 'a sidecar does not keep a finished pod alive',
    spec: { initContainers: [sidecar('s')], restartPolicy: 'OnFailure' },
    containers: [exited('a', 0), record('s')],
    want: 'terminate',
  },
  {
    title: 'a later sidecar is looked after while an earlier one starts',
    spec: { initContainers: [sidecar('s'), sidecar('t', { livenessProbe: probe })] },
    containers: [exited('s', 1, { restartCount: 1 }), record('t')],
    probes: { t0: { liveness: 'failure' } },
    delay: 20_000,
    want: 'kill t0 liveness, start t#1, wait s 20s, wake +19s',
  },

  { title: 'Always restarts after success', containers: [exited('a', 0)], want: 'start a#1' },
  {
    title: 'OnFailure restarts after failure only',
    spec: { containers: two, restartPolicy: 'OnFailure' },
    containers: [exited('a', 3), exited('b', 0)],
    want: 'start a#1',
  },
  { title: 'Never never', spec: { restartPolicy: 'Never' }, containers: [exited('a', 1)], want: 'terminate' },
  {
    title: 'Never waits for the others',
    spec: { containers: two, restartPolicy: 'Never' },
    containers: [exited('a', 1), record('b')],
    want: 'nothing',
  },
  {
    title: "a container's own policy goes before the pod's",
    spec: { containers: [container('a', { restartPolicy: 'Never' }), container('b')] },
    containers: [exited('a', 1), exited('b', 1)],
    want: 'start b#1',
  },
  {
    title: 'and its rules before its policy',
    spec: {
      containers: [
        container('a', {
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
        }),
      ],
    },
    containers: [exited('a', 42)],
    want: 'start a#1',
  },
  {
    title: 'a crash loop waits',
    containers: [exited('a', 1, { restartCount: 3 })],
    delay: 40_000,
    want: 'wait a 40s, wake +39s',
  },
  {
    title: 'for as long as the delay says',
    containers: [exited('a', 1, { finishedAt: now - 40_000 })],
    delay: 40_000,
    want: 'start a#1',
  },

  {
    title: 'a failed liveness probe kills, and restarts at once the first time',
    containers: [record('a')],
    probes: { a0: { liveness: 'failure' } },
    want: 'kill a0 liveness, start a#1',
  },
  {
    title: 'but not while its predecessor is in back-off',
    containers: [record('a', { restartCount: 1 }), exited('a', 1)],
    probes: { a1: { liveness: 'failure' } },
    delay: 40_000,
    want: 'kill a1 liveness',
  },
  {
    title: 'and not at all in a pod that never restarts',
    spec: { restartPolicy: 'Never' },
    containers: [record('a')],
    probes: { a0: { liveness: 'failure' } },
    want: 'kill a0 liveness',
  },
  {
    title: 'a failed start-up probe kills',
    containers: [record('a')],
    probes: { a0: { startup: 'failure' } },
    want: 'kill a0 startup, start a#1',
  },
  {
    title: 'a failed readiness probe does not',
    containers: [record('a')],
    probes: { a0: { readiness: 'failure' } },
    want: 'nothing',
  },
  {
    title: 'a new image replaces the container in place',
    containers: [record('a', { hash: 'old' })],
    want: 'kill a0 changed, start a#1',
  },
  {
    title: 'without back-off, for the back-off was the old image',
    containers: [record('a', { hash: 'old', restartCount: 4 })],
    delay: 40_000,
    want: 'kill a4 changed, start a#5',
  },
  {
    title: 'a container nobody knows the state of is killed',
    containers: [record('a', { state: 'unknown' })],
    want: 'kill a0 unknown',
  },
  {
    title: 'a container created but never started is made anew',
    containers: [record('a', { state: 'created', restartCount: 2 })],
    want: 'start a#2 discarding a2',
  },

  { title: 'a dead sandbox is replaced', sandboxes: [sandbox({ ready: false })], want: 'sandbox 1 again' },
  {
    title: 'also beside running containers',
    sandboxes: [sandbox({ ready: false, attempt: 4 })],
    containers: [record('a')],
    want: 'sandbox 5 again',
  },
  { title: 'so is one without an address', sandboxes: [sandbox({ ips: [] })], want: 'sandbox 1 again' },
  {
    title: "which the node's network does not need",
    spec: { hostNetwork: true },
    sandboxes: [sandbox({ ips: [] })],
    want: 'start a#0',
  },
  { title: 'and two at once', sandboxes: [sandbox({ id: 's1', attempt: 1 }), sandbox()], want: 'sandbox 2 again' },
  {
    title: 'a pod that never restarts gets no new sandbox',
    spec: { restartPolicy: 'Never' },
    sandboxes: [sandbox({ ready: false })],
    containers: [record('a')],
    want: 'terminate',
  },
  {
    title: 'in a new sandbox everything starts again and counts on',
    spec: inits,
    sandboxes: [sandbox({ id: 's1', attempt: 1 }), sandbox({ ready: false })],
    containers: [exited('a', 137), exited('j', 0), exited('i', 0)],
    want: 'start i#1',
  },
  {
    title: 'what failed to start in the old one need not wait',
    sandboxes: [sandbox({ id: 's1', attempt: 1 }), sandbox({ ready: false })],
    containers: [exited('a', 128, { reason: 'StartError' })],
    delay: 40_000,
    want: 'start a#1',
  },
  {
    title: 'but what is done stays done',
    spec: { containers: two, restartPolicy: 'OnFailure' },
    sandboxes: [sandbox({ id: 's1', attempt: 1 }), sandbox({ ready: false })],
    containers: [exited('a', 0), exited('b', 137)],
    want: 'start b#1',
  },
  {
    title: 'restarts are counted on from the status when the runtime has forgotten',
    status: {
      containerStatuses: [
        {
          name: 'a',
          state: { running: { startedAt: null } },
          lastState: {},
          ready: true,
          restartCount: 6,
          image: '',
          imageID: '',
        },
      ],
    },
    want: 'start a#7',
  },

  {
    title: 'an ephemeral container starts beside the others',
    spec: { ephemeralContainers: [{ ...container('debug') }] },
    containers: [record('a')],
    want: 'start debug#0',
  },
  {
    title: 'and only once',
    spec: { ephemeralContainers: [{ ...container('debug') }] },
    containers: [exited('debug', 1), record('a')],
    want: 'nothing',
  },

  {
    title: 'a deleted pod ends',
    meta: { deletionTimestamp: '2026-01-01T12:00:30Z' },
    containers: [record('a')],
    want: 'terminate',
  },
  { title: 'a failed pod stays failed', status: { phase: 'Failed' }, containers: [record('a')], want: 'terminate' },
  {
    title: 'an active deadline is waited for',
    spec: { activeDeadlineSeconds: 90 },
    status: { startTime: '2026-01-01T11:59:00Z' },
    containers: [record('a')],
    want: 'wake +30s',
  },
  {
    title: 'and ends the pod',
    spec: { activeDeadlineSeconds: 60 },
    status: { startTime: '2026-01-01T11:59:00Z' },
    containers: [record('a')],
    want: 'terminate DeadlineExceeded',
  },
  {
    title: 'a verdict from outside ends the pod',
    containers: [record('a')],
    more: { verdict: { phase: 'Failed', reason: 'Evicted', message: '' } },
    want: 'terminate Evicted',
  },
]

describe('what is to be done about a pod', () => {
  for (const {
    title,
    spec,
    meta,
    status,
    sandboxes = [sandbox()],
    containers = [],
    probes = {},
    delay,
    more,
    want,
  } of cases)
    it(title, () => {
      const subject = pod(spec, meta, status)
      const all = [...(subject.spec.initContainers ?? []), ...subject.spec.containers]
      const keys = delay ? all.map(spec => backOffKey({ role: 'regular', spec, fieldPath: '' })) : []
      const decision = decide(
        situation({
          pod: subject,
          observed: { sandboxes, containers },
          probes: new Map(Object.entries(probes)),
          backOff: new Map(keys.map(key => [key, { delay: delay ?? 0, at: now - 60_000 }])),
          ...more,
        }),
      )
      assert.equal(brief(decision), want)
    })

  it('gives a changed image a back-off of its own', () => {
    const [old] = regularContainers(pod())
    const [fresh] = regularContainers(pod({ containers: [container('a', { image: 'nginx' })] }))
    assert.ok(old && fresh)
    assert.notEqual(backOffKey(old), backOffKey(fresh))
  })
})
