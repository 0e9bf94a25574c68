import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResourceMetrics } from './resource-metrics-text.js'

const text = `# HELP container_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="web",namespace="default",pod="a"} 1.5 1700000000123
container_cpu_usage_seconds_total{container="side",namespace="default",pod="a"} 0.000000001 1700000000124
container_cpu_usage_seconds_total{container="c",namespace="kube-system",pod="b"} 2e+03
container_cpu_usage_seconds_total{container="half",namespace="kube-system",pod="b"} 7
container_cpu_usage_seconds_total{container="",namespace="default",pod="a"} 3
container_memory_working_set_bytes{container="web",namespace="default",pod="a"} 1.048576e+06 1700000000123
container_memory_working_set_bytes{container="side",namespace="default",pod="a"} 0 1700000000124
container_memory_working_set_bytes{container="c",namespace="kube-system",pod="b"} 4096
container_start_time_seconds{container="web",namespace="default",pod="a"} 1.7e+09
container_swap_usage_bytes{container="web",namespace="default",pod="a"} 5
node_cpu_usage_seconds_total 12.25 1700000000125
node_memory_working_set_bytes 8192 1700000000125
pod_cpu_usage_seconds_total{namespace="default",pod="a"} 9
resource_scrape_error 0
nonsense
`

test('figures are read; what is measured by half or has ended is left out', () => {
  const { node, pods } = parseResourceMetrics(text, 42)
  assert.deepEqual(node, { time: 1700000000125, cpuNanoseconds: 12_250_000_000, workingSet: 8192, startedAt: 0 })
  assert.deepEqual(
    [...pods].map(([key, containers]) => [key, Object.fromEntries(containers)]),
    [
      [
        'default/a',
        {
          web: {
            time: 1700000000123,
            cpuNanoseconds: 1_500_000_000,
            workingSet: 1_048_576,
            startedAt: 1_700_000_000_000,
          },
        },
      ],
      ['kube-system/b', { c: { time: 42, cpuNanoseconds: 2e12, workingSet: 4096, startedAt: 0 } }],
    ],
  )
})

test('nothing is made of nothing', () => {
  assert.deepEqual(parseResourceMetrics('', 1), { node: undefined, pods: new Map() })
  assert.deepEqual(parseResourceMetrics('<html>no</html>\n', 1), { node: undefined, pods: new Map() })
})
