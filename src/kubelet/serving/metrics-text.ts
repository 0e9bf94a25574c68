import type { Pod } from '../../api/core/v1/index.js'
import type { ContainerRecord } from '../pod-runtime-state.js'
import type { ProbeCount } from '../probes/pod-probes.js'
import type { NodeUsage } from './usage.js'

/** One measurement of a family. */
export interface Sample {
  readonly labels?: { readonly [name: string]: string }
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly time?: number
}

const escapeLabel = (text: string): string => text.replace(/[\\"\n]/g, sign => (sign === '\n' ? '\\n' : `\\${sign}`))

/** One metric family in the Prometheus text format; nothing if there are no samples. */
export function metricFamily(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly Sample[],
): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels = {}, value, time }) => {
    const inner = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`)
    return `${name}${inner.length ? `{${inner.join(',')}}` : ''} ${value}${time === undefined ? '' : ` ${time}`}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

const seconds = (nanoseconds: number): number => nanoseconds / 1e9

/** `/metrics/resource`: what autoscaling and `kubectl top` are made of. */
export function resourceMetrics({ usage, pods, time }: NodeUsage): string {
  const containers = pods.flatMap(({ pod, containers }) =>
    containers.map(container => ({
      ...container,
      labels: {
        container: container.name,
        namespace: pod.metadata.namespace ?? '',
        pod: pod.metadata.name ?? '',
      },
    })),
  )
  const measured = containers.flatMap(({ labels, usage: used }) => (used ? [{ labels, used }] : []))
  const measuredPods = pods.flatMap(({ pod, usage: used }) =>
    used ? [{ labels: { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name ?? '' }, used }] : [],
  )
  return [
    metricFamily(
      'container_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      measured.map(({ labels, used }) => ({ labels, value: seconds(used.cpuNanoseconds), time })),
    ),
    metricFamily(
      'container_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the container in bytes',
      measured.map(({ labels, used }) => ({ labels, value: used.workingSet, time })),
    ),
    metricFamily(
      'container_swap_usage_bytes',
      'gauge',
      '[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems',
      measured.map(({ labels, used }) => ({ labels, value: used.swap, time })),
    ),
    metricFamily(
      'container_start_time_seconds',
      'gauge',
      '[STABLE] Start time of the container since unix epoch in seconds',
      containers.map(({ labels, startedAt }) => ({ labels, value: startedAt / 1000 })),
    ),
    metricFamily(
      'node_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      usage ? [{ value: seconds(usage.cpuNanoseconds), time }] : [],
    ),
    metricFamily(
      'node_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the node in bytes',
      usage ? [{ value: usage.workingSet, time }] : [],
    ),
    metricFamily(
      'node_swap_usage_bytes',
      'gauge',
      '[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems',
      usage ? [{ value: usage.swap, time }] : [],
    ),
    metricFamily(
      'pod_cpu_usage_seconds_total',
      'counter',
      '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      measuredPods.map(({ labels, used }) => ({ labels, value: seconds(used.cpuNanoseconds), time })),
    ),
    metricFamily(
      'pod_memory_working_set_bytes',
      'gauge',
      '[STABLE] Current working set of the pod in bytes',
      measuredPods.map(({ labels, used }) => ({ labels, value: used.workingSet, time })),
    ),
    metricFamily(
      'pod_swap_usage_bytes',
      'gauge',
      '[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
      measuredPods.map(({ labels, used }) => ({ labels, value: used.swap, time })),
    ),
    metricFamily(
      'resource_scrape_error',
      'gauge',
      '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      [{ value: 0 }],
    ),
  ].join('')
}

/** `/metrics`: the node agent about itself. */
export function agentMetrics(nodeName: string, containers: readonly ContainerRecord[], runningPods: number): string {
  const states = new Map<string, number>()
  for (const { state } of containers) states.set(state, (states.get(state) ?? 0) + 1)
  const { user, system } = process.cpuUsage()
  return [
    metricFamily('kubelet_node_name', 'gauge', 'Always 1; its label is the name of the node.', [
      { labels: { node: nodeName }, value: 1 },
    ]),
    metricFamily('kubelet_running_pods', 'gauge', 'Pods whose sandbox runs.', [{ value: runningPods }]),
    metricFamily(
      'kubelet_running_containers',
      'gauge',
      'Containers by their state.',
      [...states].map(([state, value]) => ({ labels: { container_state: state }, value })),
    ),
    metricFamily('process_cpu_seconds_total', 'counter', 'Processor time used so far, in seconds.', [
      { value: (user + system) / 1e6 },
    ]),
    metricFamily('process_resident_memory_bytes', 'gauge', 'Memory in use, in bytes.', [
      { value: process.memoryUsage.rss() },
    ]),
  ].join('')
}

export interface PodProbeCounts {
  readonly pod: Pod
  readonly counts: readonly ProbeCount[]
}

/** `/metrics/probes`: what probes of containers have found. */
export const probeMetrics = (pods: readonly PodProbeCounts[]): string =>
  metricFamily(
    'prober_probe_total',
    'counter',
    '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
    pods.flatMap(({ pod, counts }) =>
      counts.map(({ container, type, result, times }) => ({
        labels: {
          container,
          namespace: pod.metadata.namespace ?? '',
          pod: pod.metadata.name ?? '',
          pod_uid: pod.metadata.uid ?? '',
          probe_type: `${type.charAt(0).toUpperCase()}${type.slice(1)}`,
          result,
        },
        value: times,
      })),
    ),
  )
