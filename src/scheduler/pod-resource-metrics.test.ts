import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Pod } from '../api/core/v1/index.js'
import { podResourceMetrics } from './pod-resource-metrics.js'

const pod = (name: string, spec: object, phase = 'Pending') =>
  ({ metadata: { namespace: 'shop', name }, spec, status: { phase } }) as unknown as Pod

const container = {
  resources: { requests: { cpu: '250m', memory: '1Mi' }, limits: { cpu: '1', 'example.com/gpu': '2' } },
}

it('tells what pods ask for and may use, of those that have not ended', () => {
  const waiting = { schedulerName: 'default-scheduler', priority: 7, containers: [container, container] }
  const lines = podResourceMetrics([
    pod('web', waiting),
    pod('done', { nodeName: 'n', containers: [container] }, 'Succeeded'),
    pod('none', { nodeName: 'n', containers: [{ resources: { requests: { cpu: '0' } } }] }, 'Running'),
  ]).split('\n')
  const of = 'namespace="shop",pod="web",node="",scheduler="default-scheduler",priority="7"'
  assert.deepEqual(
    lines.filter(line => !line.startsWith('#')),
    [
      `kube_pod_resource_limit{${of},resource="cpu",unit="cores"} 2`,
      `kube_pod_resource_limit{${of},resource="example.com/gpu",unit=""} 4`,
      `kube_pod_resource_request{${of},resource="cpu",unit="cores"} 0.5`,
      `kube_pod_resource_request{${of},resource="memory",unit="bytes"} 2097152`,
      '',
    ],
  )
  assert.match(lines[0] ?? '', /^# HELP kube_pod_resource_limit \[STABLE\] Resources limit for workloads/)
})
