import type { CgroupDetails } from '../node/cgroup-details.js'
import type { CgroupUsage } from '../node/cgroup-usage.js'
import type { InterfaceUsage } from '../node/network-usage.js'
import { metricFamily, type Sample } from './metrics-text.js'
import type { NodeDetails } from './usage-details.js'

export interface MachineSize {
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  readonly swap: number
}

interface Labels {
  readonly [name: string]: string
}

/** A container, a pod, or the node. */
interface Subject {
  readonly labels: Labels
  readonly usage: CgroupUsage
  readonly details: CgroupDetails
  /** Bytes that a container wrote into its own file system, and how many there are for all. */
  readonly written?: number
  readonly disk?: number
  /** Milliseconds since the epoch. */
  readonly startedAt?: number
  readonly network: readonly InterfaceUsage[]
}

const nobody = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' }

/** `/metrics/cadvisor`: what each container, each pod and the whole node use, by the names that dashboards know. */
export function containerMetrics(measured: NodeDetails, { cpus, memory, swap }: MachineSize): string {
  const subjects = subjectsOf(measured)
  const { time } = measured
  const each = (name: string, type: 'counter' | 'gauge', help: string, values: Values) =>
    metricFamily(
      name,
      type,
      help,
      subjects.flatMap(subject => samplesOf(values(subject)).map(sample => sampleOf(subject.labels, sample, time))),
    )
  return [
    ...families.map(([name, type, help, values]) => each(name, type, help, values)),
    each('container_last_seen', 'gauge', 'Last time a container was seen by the exporter', () => time / 1000),
    metricFamily('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', [{ value: cpus }]),
    metricFamily('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.', [{ value: memory }]),
    metricFamily('machine_swap_bytes', 'gauge', 'Amount of swap memory available on the machine.', [{ value: swap }]),
  ].join('')
}

function subjectsOf({ usage, details, network, disk, pods }: NodeDetails): readonly Subject[] {
  const subjects: Subject[] = usage ? [{ labels: nobody, usage, details, network }] : []
  for (const { pod, cgroup, usage: whole, details, network, containers } of pods) {
    const { name = '', namespace = '' } = pod.metadata
    if (whole)
      subjects.push({ labels: { ...nobody, id: cgroup, namespace, pod: name }, usage: whole, details, network })
    for (const { name: container, id, cgroup, usage, details, written, startedAt, image } of containers)
      if (usage)
        subjects.push({
          labels: { container, id: cgroup, image, name: id, namespace, pod: name },
          usage,
          details,
          written: written.bytes,
          disk: disk.capacity,
          startedAt,
          network: [],
        })
  }
  return subjects
}

/** A value, values with further labels, or nothing. */
type Values = (subject: Subject) => number | undefined | readonly Sample[]

const samplesOf = (values: ReturnType<Values>): readonly Sample[] =>
  values === undefined ? [] : typeof values === 'number' ? [{ value: values }] : values

/** Labels come in the order of their names. */
const sampleOf = (labels: Labels, { labels: more, value }: Sample, time: number): Sample => ({
  labels: more
    ? Object.fromEntries(Object.entries({ ...labels, ...more }).sort(([a], [b]) => (a < b ? -1 : 1)))
    : labels,
  value,
  time,
})

const seconds = (nanoseconds: number): number => nanoseconds / 1e9
const eachInterface =
  (read: (usage: InterfaceUsage) => number): Values =>
  ({ network }) =>
    network.map(usage => ({ labels: { interface: usage.name }, value: read(usage) }))
/** What is counted only where CPU time is limited. */
const limited =
  (read: (details: CgroupDetails) => number): Values =>
  ({ details }) =>
    details.cpuQuota === undefined ? undefined : read(details)

const families: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, values: Values])[] = [
  [
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative cpu time consumed in seconds.',
    ({ usage }) => [{ labels: { cpu: 'total' }, value: seconds(usage.cpuNanoseconds) }],
  ],
  [
    'container_cpu_user_seconds_total',
    'counter',
    'Cumulative user cpu time consumed in seconds.',
    ({ details }) => seconds(details.user),
  ],
  [
    'container_cpu_system_seconds_total',
    'counter',
    'Cumulative system cpu time consumed in seconds.',
    ({ details }) => seconds(details.system),
  ],
  [
    'container_cpu_cfs_periods_total',
    'counter',
    'Number of elapsed enforcement period intervals.',
    limited(d => d.periods),
  ],
  [
    'container_cpu_cfs_throttled_periods_total',
    'counter',
    'Number of throttled period intervals.',
    limited(d => d.throttledPeriods),
  ],
  [
    'container_cpu_cfs_throttled_seconds_total',
    'counter',
    'Total time duration the container has been throttled.',
    limited(d => seconds(d.throttledNanoseconds)),
  ],
  [
    'container_fs_limit_bytes',
    'gauge',
    'Number of bytes that can be consumed by the container on this filesystem.',
    ({ disk }) => disk,
  ],
  [
    'container_fs_usage_bytes',
    'gauge',
    'Number of bytes that are consumed by the container on this filesystem.',
    ({ written }) => written,
  ],
  ['container_fs_reads_bytes_total', 'counter', 'Cumulative count of bytes read', ({ details }) => details.read.bytes],
  [
    'container_fs_reads_total',
    'counter',
    'Cumulative count of reads completed',
    ({ details }) => details.read.operations,
  ],
  [
    'container_fs_writes_bytes_total',
    'counter',
    'Cumulative count of bytes written',
    ({ details }) => details.written.bytes,
  ],
  [
    'container_fs_writes_total',
    'counter',
    'Cumulative count of writes completed',
    ({ details }) => details.written.operations,
  ],
  ['container_memory_cache', 'gauge', 'Number of bytes of page cache memory.', ({ usage }) => usage.cache],
  ['container_memory_mapped_file', 'gauge', 'Size of memory mapped files in bytes.', ({ usage }) => usage.mappedFile],
  ['container_memory_rss', 'gauge', 'Size of RSS in bytes.', ({ usage }) => usage.rss],
  ['container_memory_swap', 'gauge', 'Container swap usage in bytes.', ({ usage }) => usage.swap],
  [
    'container_memory_usage_bytes',
    'gauge',
    'Current memory usage in bytes, including all memory regardless of when it was accessed',
    ({ usage }) => usage.memoryUsage,
  ],
  ['container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', ({ usage }) => usage.workingSet],
  [
    'container_memory_failures_total',
    'counter',
    'Cumulative count of memory allocation failures.',
    ({ usage }) => [
      { labels: { failure_type: 'pgfault', scope: 'hierarchy' }, value: usage.pageFaults },
      { labels: { failure_type: 'pgmajfault', scope: 'hierarchy' }, value: usage.majorPageFaults },
    ],
  ],
  [
    'container_network_receive_bytes_total',
    'counter',
    'Cumulative count of bytes received',
    eachInterface(({ received }) => received.bytes),
  ],
  [
    'container_network_receive_errors_total',
    'counter',
    'Cumulative count of errors encountered while receiving',
    eachInterface(({ received }) => received.errors),
  ],
  [
    'container_network_receive_packets_dropped_total',
    'counter',
    'Cumulative count of packets dropped while receiving',
    eachInterface(({ received }) => received.dropped),
  ],
  [
    'container_network_receive_packets_total',
    'counter',
    'Cumulative count of packets received',
    eachInterface(({ received }) => received.packets),
  ],
  [
    'container_network_transmit_bytes_total',
    'counter',
    'Cumulative count of bytes transmitted',
    eachInterface(({ sent }) => sent.bytes),
  ],
  [
    'container_network_transmit_errors_total',
    'counter',
    'Cumulative count of errors encountered while transmitting',
    eachInterface(({ sent }) => sent.errors),
  ],
  [
    'container_network_transmit_packets_dropped_total',
    'counter',
    'Cumulative count of packets dropped while transmitting',
    eachInterface(({ sent }) => sent.dropped),
  ],
  [
    'container_network_transmit_packets_total',
    'counter',
    'Cumulative count of packets transmitted',
    eachInterface(({ sent }) => sent.packets),
  ],
  [
    'container_processes',
    'gauge',
    'Number of processes running inside the container.',
    ({ details }) => details.processes.length,
  ],
  ['container_threads', 'gauge', 'Number of threads running inside the container', ({ details }) => details.threads],
  ['container_spec_cpu_period', 'gauge', 'CPU period of the container.', ({ details }) => details.cpuPeriod],
  ['container_spec_cpu_quota', 'gauge', 'CPU quota of the container.', limited(d => d.cpuQuota ?? 0)],
  ['container_spec_cpu_shares', 'gauge', 'CPU share of the container.', ({ details }) => details.cpuShares],
  [
    'container_spec_memory_limit_bytes',
    'gauge',
    'Memory limit for the container.',
    ({ details }) => details.memoryLimit ?? 0,
  ],
  [
    'container_start_time_seconds',
    'gauge',
    'Start time of the container since unix epoch in seconds.',
    ({ startedAt }) => (startedAt === undefined ? undefined : startedAt / 1000),
  ],
]
