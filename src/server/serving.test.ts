import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import type { ApiRequest, ApiResponse } from '../machinery/http.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { notFound } from '../machinery/status-error.js'
import { RequestMetrics } from './metrics/request-metrics.js'
import { Registries } from './registry/registries.js'
import { text } from './respond.js'
import { Serving } from './serving.js'

function world(run: () => Promise<ApiResponse> = () => Promise.resolve(text(200, 'ok'))) {
  const clock = new ManualClock()
  const registry = new MetricsRegistry()
  const metrics = new RequestMetrics(registry, new Registries())
  const serving = new Serving({
    run,
    metrics,
    clock,
    requestTimeoutMs: 60_000,
    onError: error => assert.fail(String(error)),
  })
  const gone = new AbortController()
  const ask = async (target: string, headers: Record<string, string> = {}) => {
    const [path = '', query] = target.split('?')
    const request: ApiRequest = {
      method: 'GET',
      path,
      query: new URLSearchParams(query),
      headers,
      body: { kind: 'none' },
      signal: gone.signal,
      remoteAddress: '',
    }
    const answer = await serving.handle(request)
    assert.ok(answer.body.kind === 'bytes')
    return { ...answer, text: String(answer.body.chunks[0]) }
  }
  return { clock, serving, ask, gone, shown: () => registry.text() }
}

const never = () => new Promise<ApiResponse>(() => {})
const turnOfEvents = () => new Promise(setImmediate)

describe('serving', () => {
  it('gives every request an audit id, or keeps its own', async () => {
    const { ask } = world()
    assert.match(String((await ask('/version')).headers['audit-id']), /^[0-9a-f-]{36}$/)
    assert.equal((await ask('/version', { 'audit-id': 'mine' })).headers['audit-id'], 'mine')
  })

  it('turns errors into answers, thrown at once or later', async () => {
    const error = notFound({ group: '', plural: 'pods' }, 'x')
    const throwing = () => {
      throw error
    }
    for (const run of [throwing, async () => throwing()])
      for (const path of ['/version', '/api/v1/pods?watch=1']) assert.equal((await world(run).ask(path)).status, 404)
  })

  it('gives up on what takes too long, unless it is long-running', async () => {
    const { clock, ask, serving, shown } = world(never)
    let watching = true
    void ask('/api/v1/pods?watch=1').then(() => (watching = false))
    const slow = ask('/version')
    const impatient = ask('/version?timeout=2s')
    clock.advance(2000)
    assert.equal((await impatient).status, 504)
    clock.advance(58_000)
    const { status, text } = await slow
    assert.equal(status, 504)
    const body = JSON.parse(text)
    assert.deepEqual(
      [body.reason, body.message],
      ['Timeout', 'Timeout: request did not complete within the allotted timeout'],
    )
    await turnOfEvents()
    assert.ok(watching)
    assert.match(shown(), /^apiserver_request_terminations_total\{code="504".*} 2$/m)
    await serving.settled()
  })

  it('refuses timeouts that are none', async () => {
    assert.equal((await world().ask('/version?timeout=soon')).status, 400)
  })

  it('sends new requests away once it stops, and settles when the last is answered', async () => {
    let finish: (answer: ApiResponse) => void = () => {}
    const { serving, ask, shown } = world(() => new Promise(resolve => (finish = resolve)))
    const last = ask('/version')
    assert.match(shown(), /^apiserver_current_inflight_requests\{request_kind="readOnly"} 1$/m)
    serving.stop()
    const refused = await ask('/version')
    assert.deepEqual(
      [refused.status, refused.headers['retry-after'], refused.text],
      [503, '1', 'apiserver is shutting down\n'],
    )
    let settled = false
    const settling = serving.settled().then(() => (settled = true))
    await turnOfEvents()
    assert.equal(settled, false)
    finish(text(200, 'done'))
    assert.equal((await last).text, 'done')
    await settling
    assert.match(shown(), /^apiserver_request_total\{verb="GET",.*subresource="\/version".*code="200"} 1$/m)
    assert.match(shown(), /^apiserver_current_inflight_requests\{request_kind="readOnly"} 0$/m)
  })

  it('counts long-running requests until their client leaves', async () => {
    const { ask, gone, shown } = world()
    await ask('/api/v1/pods?watch=1')
    assert.match(shown(), /^apiserver_longrunning_requests\{verb="WATCH".*} 1$/m)
    gone.abort()
    assert.match(shown(), /^apiserver_longrunning_requests\{verb="WATCH".*} 0$/m)
  })
})
