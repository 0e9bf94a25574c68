import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { type HealthCheck, healthStage, StartHooks } from './health.js'
import type { RequestContext } from './pipeline.js'
import { requestInfo } from './request-info.js'
import { text } from './respond.js'

const broken = () => {
  throw new Error('it broke')
}

function world(checks: () => readonly HealthCheck[]) {
  const metrics = new MetricsRegistry()
  const stage = healthStage(checks, metrics)
  const ask = async (target: string): Promise<[number, string]> => {
    const [path = '', search] = target.split('?')
    const query = new URLSearchParams(search)
    const context = { request: { query }, info: requestInfo('GET', path, query) } as unknown as RequestContext
    const { status, body } = await stage(context, async () => text(404, 'nobody'))
    assert.ok(body.kind === 'bytes')
    return [status, String(body.chunks[0])]
  }
  return { ask, metrics }
}

const some: readonly HealthCheck[] = [
  { name: 'ping', check: () => {} },
  { name: 'etcd', check: async () => broken() },
  { name: 'shutdown', readyOnly: true, check: broken },
]

const cases: [string, number, string][] = [
  ['/livez/ping', 200, 'ok'],
  ['/livez/etcd', 500, 'internal server error: it broke\n'],
  ['/livez/shutdown', 404, 'nobody'],
  ['/readyz/shutdown', 500, 'internal server error: it broke\n'],
  ['/livez/other', 404, 'nobody'],
  ['/livezz', 404, 'nobody'],
  ['/livez', 500, '[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n'],
  ['/livez?exclude=etcd', 200, 'ok'],
  ['/healthz?exclude=etcd&verbose', 200, '[+]ping ok\n[+]etcd excluded: ok\nhealthz check passed\n'],
  [
    '/livez?verbose&exclude=etcd&exclude=x',
    200,
    '[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for "x"\nlivez check passed\n',
  ],
  [
    '/readyz?exclude=etcd',
    500,
    '[+]ping ok\n[+]etcd excluded: ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n',
  ],
]

describe('health', () => {
  for (const [target, status, body] of cases)
    it(`${target}: ${status}`, async () => assert.deepEqual(await world(() => some).ask(target), [status, body]))

  it('has checks that are not of /livez, and always one', async () => {
    const { ask } = world(() => [{ name: 'leaderElection', exceptLive: true, check: broken }])
    assert.deepEqual(await ask('/livez?verbose'), [200, '[+]ping ok\nlivez check passed\n'])
    assert.deepEqual(await ask('/livez/ping'), [200, 'ok'])
    assert.deepEqual(await ask('/healthz'), [500, '[-]leaderElection failed: reason withheld\nhealthz check failed\n'])
  })

  it('depends on what is done at the start', async () => {
    const hooks = new StartHooks()
    const { ask } = world(() => hooks.checks)
    let done = () => {}
    const work = hooks.run(['x'], () => new Promise<void>(resolve => (done = resolve)))
    assert.deepEqual(await ask('/livez'), [500, '[-]poststarthook/x failed: reason withheld\nlivez check failed\n'])
    done()
    await work
    assert.deepEqual(await ask('/livez?verbose'), [200, '[+]poststarthook/x ok\nlivez check passed\n'])
  })

  it('is counted', async () => {
    const { ask, metrics } = world(() => some)
    await ask('/livez')
    const shown = metrics.text()
    assert.match(shown, /^kubernetes_healthcheck\{name="ping",type="livez"} 1$/m)
    assert.match(shown, /^kubernetes_healthchecks_total\{name="etcd",status="error",type="livez"} 1$/m)
  })
})
