import type { CgroupUsage } from '../node/cgroup-usage.js'
import { metricFamily } from './metrics-text.js'
import type { NodeUsage } from './usage.js'

export interface MachineSize {
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
}

interface Subject {
  readonly labels: { readonly [name: string]: string }
  readonly usage: CgroupUsage
  /** Bytes that containers wrote into their own file systems. */
  readonly written?: number
  /** Milliseconds since the epoch. */
  readonly startedAt?: number
}

const nobody = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' }

/** `/metrics/cadvisor`: what each container, each pod and the whole node use, by the names that dashboards know. */
export function containerMetrics(
  { usage, pods, time }: NodeUsage,
  { cpus, memory }: MachineSize,
  cgroupOf: (pod: NodeUsage['pods'][number]['pod']) => string,
): string {
  const subjects: Subject[] = usage ? [{ labels: nobody, usage }] : []
  for (const { pod, usage: whole, containers } of pods) {
    const { name = '', namespace = '' } = pod.metadata
    const cgroup = cgroupOf(pod)
    if (whole) subjects.push({ labels: { ...nobody, id: cgroup, namespace, pod: name }, usage: whole })
    for (const { name: container, id, usage, stats, startedAt, image } of containers)
      if (usage)
        subjects.push({
          labels: { container, id: `${cgroup}/${id}`, image, name: id, namespace, pod: name },
          usage,
          written: stats?.writableLayer?.usedBytes?.value ?? 0,
          startedAt,
        })
  }
  const family = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    value: (subject: Subject) => number | undefined,
  ) =>
    metricFamily(
      name,
      type,
      help,
      subjects.flatMap(subject => {
        const found = value(subject)
        return found === undefined ? [] : [{ labels: subject.labels, value: found, time }]
      }),
    )
  return [
    family(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed in seconds.',
      ({ usage }) => usage.cpuNanoseconds / 1e9,
    ),
    family('container_fs_usage_bytes', 'gauge', 'Number of bytes that are consumed by the container.', s => s.written),
    family('container_memory_rss', 'gauge', 'Size of RSS in bytes.', ({ usage }) => usage.rss),
    family(
      'container_memory_usage_bytes',
      'gauge',
      'Current memory usage in bytes, including all memory regardless of when it was accessed.',
      ({ usage }) => usage.memoryUsage,
    ),
    family(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set in bytes.',
      ({ usage }) => usage.workingSet,
    ),
    family('container_start_time_seconds', 'gauge', 'Start time since unix epoch in seconds.', ({ startedAt }) =>
      startedAt === undefined ? undefined : startedAt / 1000,
    ),
    metricFamily('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', [{ value: cpus }]),
    metricFamily('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.', [{ value: memory }]),
  ].join('')
}
