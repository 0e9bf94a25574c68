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
    each(
      'container_last_seen',
      'gauge',
      'When the container was last measured, in seconds since 1970.',
      () => time / 1000,
    ),
    metricFamily('machine_cpu_cores', 'gauge', 'Logical processors of the machine.', [{ value: cpus }]),
    metricFamily('machine_memory_bytes', 'gauge', 'Bytes of memory of the machine.', [{ value: memory }]),
    metricFamily('machine_swap_bytes', 'gauge', 'Bytes of swap of the machine.', [{ value: swap }]),
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
    'Processor time used so far, in seconds.',
    ({ usage }) => [{ labels: { cpu: 'total' }, value: seconds(usage.cpuNanoseconds) }],
  ],
  [
    'container_cpu_user_seconds_total',
    'counter',
    'Processor time used so far by programs, in seconds.',
    ({ details }) => seconds(details.user),
  ],
  [
    'container_cpu_system_seconds_total',
    'counter',
    'Processor time used so far by the kernel, in seconds.',
    ({ details }) => seconds(details.system),
  ],
  [
    'container_cpu_cfs_periods_total',
    'counter',
    'Periods so far in which the CPU limit was watched.',
    limited(d => d.periods),
  ],
  [
    'container_cpu_cfs_throttled_periods_total',
    'counter',
    'Periods so far in which the CPU limit was reached.',
    limited(d => d.throttledPeriods),
  ],
  [
    'container_cpu_cfs_throttled_seconds_total',
    'counter',
    'Seconds so far for which the CPU limit made it wait.',
    limited(d => seconds(d.throttledNanoseconds)),
  ],
  ['container_fs_limit_bytes', 'gauge', 'Bytes that the container may take of this file system.', ({ disk }) => disk],
  [
    'container_fs_usage_bytes',
    'gauge',
    'Bytes that the container takes of this file system.',
    ({ written }) => written,
  ],
  ['container_fs_reads_bytes_total', 'counter', 'Bytes read so far.', ({ details }) => details.read.bytes],
  ['container_fs_reads_total', 'counter', 'Reads done so far.', ({ details }) => details.read.operations],
  ['container_fs_writes_bytes_total', 'counter', 'Bytes written so far.', ({ details }) => details.written.bytes],
  ['container_fs_writes_total', 'counter', 'Writes done so far.', ({ details }) => details.written.operations],
  ['container_memory_cache', 'gauge', 'Bytes of files that are kept in memory.', ({ usage }) => usage.cache],
  ['container_memory_mapped_file', 'gauge', 'Bytes of files that are mapped.', ({ usage }) => usage.mappedFile],
  ['container_memory_rss', 'gauge', 'Size of RSS in bytes.', ({ usage }) => usage.rss],
  ['container_memory_swap', 'gauge', 'Bytes of swap in use.', ({ usage }) => usage.swap],
  [
    'container_memory_usage_bytes',
    'gauge',
    'Bytes of memory in use, what could be given up at once included.',
    ({ usage }) => usage.memoryUsage,
  ],
  [
    'container_memory_working_set_bytes',
    'gauge',
    'Bytes of memory in use that cannot be given up at once.',
    ({ usage }) => usage.workingSet,
  ],
  [
    'container_memory_failures_total',
    'counter',
    'Page faults so far, by their kind.',
    ({ usage }) => [
      { labels: { failure_type: 'pgfault', scope: 'hierarchy' }, value: usage.pageFaults },
      { labels: { failure_type: 'pgmajfault', scope: 'hierarchy' }, value: usage.majorPageFaults },
    ],
  ],
  [
    'container_network_receive_bytes_total',
    'counter',
    'Bytes received so far.',
    eachInterface(({ received }) => received.bytes),
  ],
  [
    'container_network_receive_errors_total',
    'counter',
    'Faults so far in receiving.',
    eachInterface(({ received }) => received.errors),
  ],
  [
    'container_network_receive_packets_dropped_total',
    'counter',
    'Packets received so far and dropped.',
    eachInterface(({ received }) => received.dropped),
  ],
  [
    'container_network_receive_packets_total',
    'counter',
    'Packets received so far.',
    eachInterface(({ received }) => received.packets),
  ],
  ['container_network_transmit_bytes_total', 'counter', 'Bytes sent so far.', eachInterface(({ sent }) => sent.bytes)],
  [
    'container_network_transmit_errors_total',
    'counter',
    'Faults so far in sending.',
    eachInterface(({ sent }) => sent.errors),
  ],
  [
    'container_network_transmit_packets_dropped_total',
    'counter',
    'Packets dropped so far instead of being sent.',
    eachInterface(({ sent }) => sent.dropped),
  ],
  [
    'container_network_transmit_packets_total',
    'counter',
    'Packets sent so far.',
    eachInterface(({ sent }) => sent.packets),
  ],
  ['container_processes', 'gauge', 'Processes in the container.', ({ details }) => details.processes.length],
  ['container_threads', 'gauge', 'Threads in the container.', ({ details }) => details.threads],
  [
    'container_spec_cpu_period',
    'gauge',
    'Period of the CPU limit, in microseconds.',
    ({ details }) => details.cpuPeriod,
  ],
  [
    'container_spec_cpu_quota',
    'gauge',
    'Processor time allowed in each period, in microseconds.',
    limited(d => d.cpuQuota ?? 0),
  ],
  ['container_spec_cpu_shares', 'gauge', 'Weight for the processors.', ({ details }) => details.cpuShares],
  [
    'container_spec_memory_limit_bytes',
    'gauge',
    'Limit of memory in bytes, 0 if there is none.',
    ({ details }) => details.memoryLimit ?? 0,
  ],
  [
    'container_start_time_seconds',
    'gauge',
    'When the container was started, in seconds since 1970.',
    ({ startedAt }) => (startedAt === undefined ? undefined : startedAt / 1000),
  ],
]
