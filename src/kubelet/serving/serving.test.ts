import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { Client } from '../../client/client.js'
import { ManualClock } from '../../machinery/clock.js'
import { container, exited, now, pod, record } from '../test-pods.js'
import { Access } from './access.js'
import { logQuery } from './log-query.js'
import { metricFamily, probeMetrics } from './metrics-text.js'
import { findPod, loggedContainer, type PodLookup } from './pod-lookup.js'

const socket = (subject?: { readonly CN: string; readonly O?: string | string[] }) =>
  ({ authorized: subject !== undefined, getPeerCertificate: () => ({ subject }) }) as unknown as TLSSocket

describe('access', () => {
  const setup = (allowed: boolean) => {
    const asked: unknown[] = []
    const clock = new ManualClock()
    const client = {
      create: async (kind: { readonly gvk: { readonly kind: string } }, body: { readonly spec: unknown }) => {
        asked.push([kind.gvk.kind, body.spec])
        return kind.gvk.kind === 'TokenReview'
          ? { status: { authenticated: true, user: { username: 'robot', groups: ['g'] } } }
          : { status: { allowed } }
      },
    } as unknown as Client
    return { access: new Access(client, clock, 'n1'), asked, clock }
  }

  it('is for those who say who they are', async () => {
    const { access } = setup(true)
    await assert.rejects(access.check(socket(), undefined, 'get', ['proxy']), { status: 401 })
  })

  it('is not asked about for masters', async () => {
    const { access, asked } = setup(false)
    await access.check(socket({ CN: 'api', O: ['system:masters'] }), undefined, 'get', ['proxy'])
    assert.deepEqual(asked, [])
  })

  it('is what the API server says, for a while', async () => {
    const { access, asked, clock } = setup(true)
    const check = () => access.check(socket({ CN: 'joe', O: 'dev' }), undefined, 'create', ['proxy'])
    await check()
    await check()
    const resourceAttributes = { verb: 'create', version: 'v1', resource: 'nodes', subresource: 'proxy', name: 'n1' }
    assert.deepEqual(asked, [['SubjectAccessReview', { user: 'joe', groups: ['dev'], resourceAttributes }]])
    clock.advance(300_001)
    await check()
    assert.equal(asked.length, 2)
  })

  it('is refused where the API server refuses all', async () => {
    const { access } = setup(false)
    const message = 'Forbidden (user=joe, verb=get, resource=nodes, subresource(s)=[stats proxy])'
    const check = access.check(socket({ CN: 'joe' }), undefined, 'get', ['stats', 'proxy'])
    await assert.rejects(check, { status: 403, message })
  })

  it('may be asked for with a token', async () => {
    const { access, asked } = setup(true)
    await access.check(socket(), 'Bearer abc', 'get', ['metrics'])
    await access.check(socket(), 'Bearer abc', 'get', ['metrics'])
    assert.deepEqual(asked[0], ['TokenReview', { token: 'abc' }])
    assert.equal(asked.length, 2)
  })
})

describe('a request for logs', () => {
  const table: readonly (readonly [string, object])[] = [
    ['', {}],
    [
      'follow=true&timestamps=1&tailLines=5&limitBytes=9',
      { follow: true, timestamps: true, tailLines: 5, limitBytes: 9 },
    ],
    ['sinceSeconds=60', { since: now - 60_000 }],
    ['sinceTime=2026-01-01T00:00:00Z', { since: Date.parse('2026-01-01T00:00:00Z') }],
    ['stream=Stderr&previous=true', { stream: 'stderr', previous: true }],
  ]
  for (const [query, want] of table)
    it(query || 'of nothing special', () =>
      assert.deepEqual(logQuery(new URLSearchParams(query), now), {
        follow: false,
        previous: false,
        timestamps: false,
        ...want,
      }),
    )
  for (const query of [
    'tailLines=-1',
    'limitBytes=x',
    'sinceTime=never',
    'sinceTime=2026-01-01&sinceSeconds=1',
    'stream=x',
  ])
    it(`refuses ${query}`, () => assert.throws(() => logQuery(new URLSearchParams(query), now), { status: 400 }))
})

describe('finding what is asked for', () => {
  const subject = pod(
    { containers: [container('a'), container('b')] },
    {},
    {
      containerStatuses: [
        {
          name: 'b',
          state: { waiting: { reason: 'ErrImagePull' } },
          lastState: {},
          ready: false,
          restartCount: 0,
          image: '',
          imageID: '',
        },
      ],
    },
  )
  const lookup: PodLookup = {
    pods: () => [subject],
    observed: () => ({ sandboxes: [], containers: [record('a', { restartCount: 1 }), exited('a', 1)] }),
  }
  it('finds pods', () => {
    assert.equal(findPod(lookup, 'default', 'web'), subject)
    assert.throws(() => findPod(lookup, 'default', 'no'), { status: 404 })
    assert.throws(() => findPod(lookup, 'default', 'web', 'other'), { status: 404 })
  })
  it('finds logs', () => {
    assert.equal(loggedContainer(lookup, subject, 'a', false).restartCount, 1)
    assert.equal(loggedContainer(lookup, subject, 'a', true).restartCount, 0)
    const message = 'container "b" in pod "web" is waiting to start: image can\'t be pulled'
    assert.throws(() => loggedContainer(lookup, subject, 'b', false), { status: 400, message })
  })
})

it('counts probes', () => {
  const counts = [{ container: 'a', type: 'liveness', result: 'failed', times: 3 } as const]
  assert.equal(
    probeMetrics([{ pod: pod(), counts }]).split('\n')[2],
    'prober_probe_total{container="a",namespace="default",pod="web",pod_uid="u1",probe_type="Liveness",result="failed"} 3',
  )
})

it('writes metrics', () => {
  assert.equal(metricFamily('a', 'gauge', 'what', []), '')
  assert.equal(
    metricFamily('a', 'counter', 'what', [{ labels: { x: 'q"\\\n' }, value: 1.5, time: 7 }, { value: 0 }]),
    '# HELP a what\n# TYPE a counter\na{x="q\\"\\\\\\n"} 1.5 7\na 0\n',
  )
})
