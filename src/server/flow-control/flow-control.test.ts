import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import { MetricsRegistry } from '../../machinery/metrics/index.js'
import { requestInfo } from '../request-info.js'
import { defaultFlowSchemas, defaultPriorityLevels } from './default-flow-objects.js'
import { FlowControl } from './flow-control.js'
import { FlowMetrics } from './flow-metrics.js'
import { corrected, mayUpdate } from './flow-objects.js'
import { RetryAfter } from './retry-after.js'
import { maximumSeats, workEstimator } from './work-estimate.js'

const schemas = defaultFlowSchemas.map(
  ({ name, spec }): FlowSchema => ({ metadata: { name, uid: `fs-${name}` }, spec, status: {} }),
)
const levels = defaultPriorityLevels.map(
  ({ name, spec }): PriorityLevelConfiguration => ({ metadata: { name, uid: `pl-${name}` }, spec, status: {} }),
)

function control() {
  const clock = new ManualClock()
  const registry = new MetricsRegistry()
  const control = new FlowControl({ clock, seats: 600, patienceMs: 15_000, metrics: new FlowMetrics(registry) })
  return { clock, registry, control }
}

const authenticated = 'system:authenticated'
const assignments: [string, string, string, string[], string][] = [
  ['administrators', 'GET /api/v1/pods', 'admin', ['system:masters', authenticated], 'exempt exempt'],
  ['probes', 'GET /healthz', 'system:anonymous', ['system:unauthenticated'], 'probes exempt'],
  ['anonymous users', 'GET /api', 'system:anonymous', ['system:unauthenticated'], 'global-default global-default'],
  [
    'leader election',
    'PUT /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/l',
    'system:kube-scheduler',
    [authenticated],
    'system-leader-election leader-election',
  ],
  ['schedulers', 'GET /api/v1/pods', 'system:kube-scheduler', [authenticated], 'kube-scheduler workload-high'],
  [
    'nodes that report',
    'PATCH /api/v1/nodes/n/status',
    'system:node:n',
    ['system:nodes', authenticated],
    'system-node-high node-high',
  ],
  ['nodes', 'GET /api/v1/pods', 'system:node:n', ['system:nodes', authenticated], 'system-nodes system'],
  [
    'service accounts of the system',
    'GET /api/v1/pods',
    'system:serviceaccount:kube-system:x',
    ['system:serviceaccounts', authenticated],
    'kube-system-service-accounts workload-high',
  ],
  [
    'service accounts',
    'GET /api/v1/pods',
    'system:serviceaccount:a:x',
    ['system:serviceaccounts', authenticated],
    'service-accounts workload-low',
  ],
  ['users', 'GET /api/v1/pods', 'u', [authenticated], 'global-default global-default'],
]

describe('flow control', () => {
  for (const [who, request, name, groups, expected] of assignments)
    it(`assigns ${who} to ${expected}`, () => {
      const { control: flows } = control()
      flows.configure(schemas, levels)
      const [method = '', path = ''] = request.split(' ')
      const { schema, level, names } = flows.assign(requestInfo(method, path, new URLSearchParams()), {
        name,
        groups,
      })
      assert.equal(`${schema} ${level.seats.name}`, expected)
      assert.equal(names.schemaUid, `fs-${schema}`)
      assert.equal(names.levelUid, `pl-${level.seats.name}`)
    })

  it('has what is mandatory without any configuration', () => {
    const { control: flows } = control()
    const info = requestInfo('GET', '/api/v1/pods', new URLSearchParams())
    assert.equal(flows.assign(info, { name: 'u', groups: [authenticated] }).schema, 'catch-all')
    assert.equal(flows.assign(info, { name: 'u', groups: ['system:masters'] }).schema, 'exempt')
  })

  it('passes over schemas without a level, and forgets a level once it is quiet', () => {
    const { control: flows } = control()
    flows.configure(schemas, levels)
    const info = requestInfo('GET', '/api/v1/pods', new URLSearchParams())
    const user = { name: 'u', groups: [authenticated] }
    const before = flows.assign(info, user)
    const ticket = before.level.seats.begin(before, 'u', { seats: 1, finalSeats: 0, extraMs: 0 }, { info, user }, () =>
      assert.fail('waits'),
    )
    flows.configure(
      schemas,
      levels.filter(({ metadata }) => metadata.name !== 'global-default'),
    )
    assert.equal(flows.assign(info, user).schema, 'catch-all')
    const names = () => [...flows.levels].map(({ seats }) => seats.name)
    assert.ok(names().includes('global-default'))
    assert.ok(!(ticket instanceof Promise))
    before.level.seats.end(ticket)
    flows.lend()
    assert.ok(!names().includes('global-default'))
  })

  it('divides seats by shares, and lends what is not needed', () => {
    const { clock, control: flows, registry } = control()
    flows.configure(schemas, levels)
    const limitOf = (name: string) => [...flows.levels].find(({ seats }) => seats.name === name)?.seats.seatLimit
    assert.deepEqual(
      [limitOf('workload-low'), limitOf('catch-all'), limitOf('exempt')],
      [135, 13, Number.POSITIVE_INFINITY],
    )
    const info = requestInfo('GET', '/api/v1/pods', new URLSearchParams())
    const user = { name: 'u', groups: [authenticated] }
    const { level } = flows.assign(info, user)
    level.seats.demand.add(1000, clock.now())
    clock.advance(10_000)
    flows.lend()
    // All that others may lend: 604 nominal seats less what they keep.
    assert.ok((limitOf('global-default') ?? 0) > 300, String(limitOf('global-default')))
    assert.equal(limitOf('workload-low'), 24)
    level.seats.demand.add(-1000, clock.now())
    for (let i = 0; i < 400; i++) {
      clock.advance(10_000)
      flows.lend()
    }
    assert.ok((limitOf('workload-low') ?? 0) > 24)
    assert.match(registry.text(), /nominal_limit_seats\{priority_level="workload-low"} 245/)
  })
})

describe('default flow objects', () => {
  const wanted = { name: 'x', spec: { type: 'a' }, mandatory: false }
  const object = (autoupdate: string | undefined, generation: number, spec: object) => ({
    metadata: {
      name: 'x',
      generation,
      ...(autoupdate ? { annotations: { 'apf.kubernetes.io/autoupdate-spec': autoupdate } } : {}),
    },
    spec,
  })
  const cases: [string, ReturnType<typeof object>, boolean, boolean][] = [
    ['its own', object('true', 5, {}), false, true],
    ['somebody else’s', object('false', 1, {}), false, false],
    ['not said, never changed', object(undefined, 1, {}), false, true],
    ['not said, changed', object(undefined, 2, {}), false, false],
    ['neither yes nor no', object('maybe', 2, {}), false, false],
    ['mandatory', object('false', 2, {}), true, true],
  ]
  for (const [what, current, mandatory, expected] of cases)
    it(`are the server's to change: ${what}: ${expected}`, () => assert.equal(mayUpdate(current, mandatory), expected))

  it('are put right, or marked as not to be', () => {
    assert.equal(corrected(object('true', 1, wanted.spec), wanted), undefined)
    assert.deepEqual(corrected(object('true', 1, { type: 'b' }), wanted), object('true', 1, wanted.spec))
    assert.equal(corrected(object('false', 2, { type: 'b' }), wanted), undefined)
    assert.deepEqual(corrected(object(undefined, 2, { type: 'b' }), wanted), object('false', 2, { type: 'b' }))
    assert.deepEqual(
      corrected(object('false', 2, { type: 'b' }), { ...wanted, mandatory: true }),
      object('true', 2, wanted.spec),
    )
  })
})

describe('the exempt priority level', () => {
  it('may be given seats to lend, but nothing else', () => {
    const wanted = { name: 'exempt', spec: { type: 'Exempt', exempt: { lendablePercent: 0 } }, mandatory: true }
    const object = (spec: object) => ({
      metadata: { name: 'exempt', annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } },
      spec,
    })
    const lending = { type: 'Exempt', exempt: { lendablePercent: 50 } }
    assert.equal(corrected(object(lending), wanted), undefined)
    assert.deepEqual(corrected(object({ ...lending, limited: {} }), wanted), object(lending))
    assert.deepEqual(corrected(object({ type: 'Limited' }), wanted), object(wanted.spec))
  })
})

describe('the work of a request', () => {
  const estimate = workEstimator(({ plural }) =>
    plural === 'pods' ? { objects: 5000, averageSize: 1000, watchers: 100 } : undefined,
  )
  const cases: [string, string, number, [number, number, number]][] = [
    ['GET', '/api/v1/namespaces/a/pods/p', 50, [1, 0, 0]],
    ['GET', '/api/v1/pods', 100, [50, 0, 0]],
    ['GET', '/api/v1/pods', 7, [7, 0, 0]],
    ['GET', '/api/v1/pods?limit=500', 100, [5, 0, 0]],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', 100, [1, 0, 0]],
    ['GET', '/api/v1/nodes', 100, [1, 0, 0]],
    ['GET', '/api/v1/pods?watch=true&resourceVersion=5', 100, [1, 0, 0]],
    ['GET', '/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersion=5', 100, [50, 0, 0]],
    ['POST', '/api/v1/namespaces/a/pods', 100, [1, 10, 5]],
    ['POST', '/api/v1/namespaces/a/pods', 5, [1, 5, 10]],
    ['POST', '/api/v1/namespaces/a/pods?dryRun=All', 100, [1, 0, 0]],
    ['POST', '/api/v1/namespaces/a/pods/p/eviction', 100, [1, 0, 0]],
    ['POST', '/api/v1/nodes', 100, [1, 0, 0]],
  ]
  for (const [method, target, maximum, [seats, finalSeats, extraMs]] of cases)
    it(`${method} ${target} with at most ${maximum} seats`, () => {
      const [path = '', query] = target.split('?')
      const parameters = new URLSearchParams(query)
      assert.deepEqual(estimate(requestInfo(method, path, parameters), parameters, maximum), {
        seats,
        finalSeats,
        extraMs,
      })
    })

  it('is bounded by what its level has', () => {
    assert.deepEqual([maximumSeats(245, 6), maximumSeats(25, 4), maximumSeats(0, 4)], [7, 1, 1])
  })
})

describe('who is sent away', () => {
  it('comes back later while many are, and sooner when it calms down', () => {
    const clock = new ManualClock()
    const pause = new RetryAfter(clock)
    const burst = (count: number) => {
      let last = 0
      for (let i = 0; i < count; i++) last = pause.next()
      return last
    }
    assert.equal(burst(10), 1)
    clock.advance(1000)
    assert.equal(burst(10), 2)
    clock.advance(2000)
    assert.equal(burst(1), 4)
    clock.advance(4000)
    assert.equal(burst(1), 3)
    clock.advance(60_000)
    assert.equal(burst(1), 1)
  })
})
