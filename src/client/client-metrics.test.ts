import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import type { ApiRequest } from '../machinery/http.js'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { measuredTransport, workQueueMetrics } from './client-metrics.js'
import { WorkQueue } from './work-queue.js'

const turnOfEvents = () => new Promise(setImmediate)

describe('metrics of clients', () => {
  it('tell of work queues', async () => {
    const registry = new MetricsRegistry()
    const clock = new ManualClock()
    await using queue = new WorkQueue({ work: async () => {}, clock, metrics: workQueueMetrics(registry)('q') })
    for (const key of ['a', 'b', 'a']) queue.add(key)
    assert.match(registry.text(), /^workqueue_depth\{name="q"} 2$/m)
    await turnOfEvents()
    await turnOfEvents()
    queue.retry('a')
    const text = registry.text()
    assert.match(text, /^workqueue_adds_total\{name="q"} 2$/m)
    assert.match(text, /^workqueue_depth\{name="q"} 0$/m)
    assert.match(text, /^workqueue_retries_total\{name="q"} 1$/m)
    assert.match(text, /^workqueue_work_duration_seconds_count\{name="q"} 2$/m)
  })

  it('tell of requests', async () => {
    const registry = new MetricsRegistry()
    const measure = measuredTransport(registry)
    const request = { method: 'GET' } as ApiRequest
    await measure(async () => ({ status: 404, headers: {}, body: { kind: 'none' } }), 'h')(request)
    const broken = async () => {
      throw new Error('no connection')
    }
    await assert.rejects(measure(broken, 'h')(request))
    const text = registry.text()
    assert.match(text, /^rest_client_requests_total\{code="404",method="GET",host="h"} 1$/m)
    assert.match(text, /^rest_client_requests_total\{code="<error>",method="GET",host="h"} 1$/m)
    assert.match(text, /^rest_client_request_duration_seconds_count\{verb="GET",host="h"} 2$/m)
  })
})
