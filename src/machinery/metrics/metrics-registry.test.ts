import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exponentialBounds, MetricsRegistry } from './metrics-registry.js'
import { addProcessMetrics } from './process-metrics.js'

describe('metrics', () => {
  it('are shown sorted, with help, type and series', () => {
    const registry = new MetricsRegistry()
    const requests = registry.counter({
      name: 'requests_total',
      help: 'Requests.',
      labels: ['verb', 'code'],
      stability: 'STABLE',
    })
    requests.with('get', '200').add()
    requests.with('get', '200').add(2)
    requests.with('li"st\n', 'a\\b').add()
    registry.gauge({ name: 'inflight', help: 'Now.' }).with().set(1.5)
    registry.counter({ name: 'unseen', help: 'Nothing yet.', labels: ['x'] })
    assert.equal(
      registry.text(),
      [
        '# HELP inflight [ALPHA] Now.',
        '# TYPE inflight gauge',
        'inflight 1.5',
        '# HELP requests_total [STABLE] Requests.',
        '# TYPE requests_total counter',
        'requests_total{verb="get",code="200"} 3',
        'requests_total{verb="li\\"st\\n",code="a\\\\b"} 1',
        '',
      ].join('\n'),
    )
  })

  it('distribute what is observed over buckets, bounds included', () => {
    const registry = new MetricsRegistry()
    const latency = registry.histogram({ name: 'latency', help: 'Seconds.', labels: ['verb'] }, [0.5, 1, 2e9])
    for (const value of [0.5, 0.6, 1, 3e9]) latency.with('get').observe(value)
    assert.deepEqual(registry.text().split('\n').slice(2, -1), [
      'latency_bucket{verb="get",le="0.5"} 1',
      'latency_bucket{verb="get",le="1"} 3',
      'latency_bucket{verb="get",le="2000000000"} 3',
      'latency_bucket{verb="get",le="+Inf"} 4',
      'latency_sum{verb="get"} 3000000002.1',
      'latency_count{verb="get"} 4',
    ])
  })

  it('are collected when they are shown, and are named once', () => {
    const registry = new MetricsRegistry()
    const gauge = registry.gauge({ name: 'g', help: '.' })
    let value = 0
    registry.collect(() => gauge.with().set(++value))
    assert.match(registry.text(), /^g 1$/m)
    assert.match(registry.text(), /^g 2$/m)
    assert.throws(() => registry.counter({ name: 'g', help: '.' }), /already/)
    assert.deepEqual(exponentialBounds(1, 2, 4), [1, 2, 4, 8])
  })

  it('tell of the process', () => {
    const registry = new MetricsRegistry()
    addProcessMetrics(registry)
    assert.match(registry.text(), /^process_cpu_seconds_total \d/m)
    assert.match(registry.text(), /^process_resident_memory_bytes [1-9]/m)
  })
})
