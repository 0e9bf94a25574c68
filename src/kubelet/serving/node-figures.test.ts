import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import type { CgroupDetails } from '../node/cgroup-details.js'
import type { CgroupUsage } from '../node/cgroup-usage.js'
import { pod } from '../test-pods.js'
import type { ReadyVolume } from '../volumes/pod-volumes.js'
import { claimedDisks, volumeMetrics } from './claimed-disks.js'
import { containerMetrics } from './container-metrics.js'
import { resourceMetrics } from './metrics-text.js'
import { briefSummary, CpuRates, statsSummary } from './stats-summary.js'
import type { NodeDetails } from './usage-details.js'

const usage = (cpuSeconds: number): CgroupUsage => ({
  cpuNanoseconds: cpuSeconds * 1e9,
  memoryUsage: 30,
  workingSet: 20,
  rss: 10,
  cache: 9,
  mappedFile: 8,
  swap: 7,
  pageFaults: 6,
  majorPageFaults: 5,
})
const details: CgroupDetails = {
  processes: [11, 12],
  threads: 3,
  user: 2e9,
  system: 1e9,
  periods: 0,
  throttledPeriods: 0,
  throttledNanoseconds: 0,
  cpuShares: 2,
  cpuPeriod: 100_000,
  read: { bytes: 1, operations: 2 },
  written: { bytes: 3, operations: 4 },
}
const limited: CgroupDetails = {
  ...details,
  periods: 9,
  throttledPeriods: 4,
  throttledNanoseconds: 5e8,
  cpuQuota: 50_000,
  memoryLimit: 50,
}
const traffic = (bytes: number) => ({ bytes, packets: bytes + 1, errors: bytes + 2, dropped: bytes + 3 })
const eth0 = { name: 'eth0', received: traffic(10), sent: traffic(20) }
const disk = { capacity: 1000, available: 400, inodes: 100, inodesFree: 60 }
const a = {
  name: 'a',
  id: 'c1',
  image: 'tool:1',
  cgroup: '/kubepods/podu1/c1',
  startedAt: 5000,
  usage: usage(1),
  details: limited,
  written: { bytes: 100, inodes: 10 },
  logs: { bytes: 10, inodes: 2 },
}
const subject = pod({
  volumes: [
    { name: 'scratch', emptyDir: {} },
    { name: 'keys', secret: { secretName: 'k' } },
  ],
})
const measured: NodeDetails = {
  usage: usage(9),
  details,
  disk,
  network: [{ ...eth0, name: 'ens3' }, eth0],
  processes: { running: 77, most: 4096 },
  pods: [
    {
      pod: subject,
      cgroup: '/kubepods/podu1',
      sandboxCgroup: '/kubepods/podu1/s',
      usage: usage(2),
      details,
      containers: [a, { ...a, name: 'gone', id: 'c2', usage: undefined }],
      network: [eth0],
      volumes: [
        { name: 'scratch', used: { bytes: 5, inodes: 1 }, disk },
        { name: 'keys', used: { bytes: 7, inodes: 2 }, disk },
        { name: 'data', claim: 'db-0', disk: { ...disk, available: 100 } },
      ],
    },
  ],
  time: 7000,
}

describe('figures by the names that dashboards know', () => {
  const lines = containerMetrics(measured, { cpus: 2, memory: 100, swap: 0 }).split('\n')
  const labelled = (labels: { readonly [name: string]: string }, more: { readonly [name: string]: string } = {}) =>
    `{${Object.entries({ container: '', id: '', image: '', name: '', namespace: '', pod: '', ...labels, ...more })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}="${value}"`)
      .join(',')}}`
  const node = { id: '/' }
  const ofPod = { id: '/kubepods/podu1', namespace: 'default', pod: 'web' }
  const ofContainer = { ...ofPod, container: 'a', id: '/kubepods/podu1/c1', image: 'tool:1', name: 'c1' }
  for (const line of [
    `container_cpu_usage_seconds_total${labelled(node, { cpu: 'total' })} 9 7000`,
    `container_cpu_usage_seconds_total${labelled(ofPod, { cpu: 'total' })} 2 7000`,
    `container_cpu_usage_seconds_total${labelled(ofContainer, { cpu: 'total' })} 1 7000`,
    `container_cpu_cfs_throttled_seconds_total${labelled(ofContainer)} 0.5 7000`,
    `container_memory_working_set_bytes${labelled(ofContainer)} 20 7000`,
    `container_memory_failures_total${labelled(ofContainer, { failure_type: 'pgmajfault', scope: 'hierarchy' })} 5 7000`,
    `container_network_receive_bytes_total${labelled(ofPod, { interface: 'eth0' })} 10 7000`,
    `container_network_transmit_packets_dropped_total${labelled(node, { interface: 'ens3' })} 23 7000`,
    `container_fs_usage_bytes${labelled(ofContainer)} 100 7000`,
    `container_spec_memory_limit_bytes${labelled(ofContainer)} 50 7000`,
    `container_spec_memory_limit_bytes${labelled(ofPod)} 0 7000`,
    `container_processes${labelled(ofContainer)} 2 7000`,
    `container_start_time_seconds${labelled(ofContainer)} 5 7000`,
    `container_last_seen${labelled(node)} 7 7000`,
    'machine_cpu_cores 2',
    'machine_memory_bytes 100',
  ])
    it(line, () => assert.ok(lines.includes(line)))

  it('leave out what there is not', () => {
    assert.ok(!lines.some(line => line.includes('gone')))
    assert.ok(!lines.some(line => line.startsWith('container_cpu_cfs_periods_total') && !line.includes('c1')))
  })
})

it('figures for autoscaling are of containers, pods and the node', () => {
  const lines = resourceMetrics(measured).split('\n')
  for (const line of [
    'container_cpu_usage_seconds_total{container="a",namespace="default",pod="web"} 1 7000',
    'container_memory_working_set_bytes{container="a",namespace="default",pod="web"} 20 7000',
    'container_start_time_seconds{container="a",namespace="default",pod="web"} 5',
    'container_swap_usage_bytes{container="a",namespace="default",pod="web"} 7 7000',
    'pod_cpu_usage_seconds_total{namespace="default",pod="web"} 2 7000',
    'node_memory_working_set_bytes 20 7000',
    'resource_scrape_error 0',
  ])
    assert.ok(lines.includes(line), line)
})

it('disks of claims are measured, each once', async () => {
  const folder = { type: 'folder', path: tmpdir(), readOnly: false, ours: false } as const
  const volumes = new Map<string, ReadyVolume>([
    ['data', { ...folder, claim: 'db-0' }],
    ['lost', { ...folder, path: '/none', claim: 'db-1' }],
    ['scratch', folder],
  ])
  const disks = await claimedDisks(volumes)
  assert.deepEqual(
    disks.map(({ name, claim, disk }) => [name, claim, disk.capacity > disk.available]),
    [['data', 'db-0', true]],
  )
  const shown = [{ name: 'data', claim: 'db-0', disk }]
  const lines = volumeMetrics(
    [subject, { ...subject, metadata: { ...subject.metadata, name: 'other' } }].map(pod => ({ pod, disks: shown })),
  ).split('\n')
  const labels = '{namespace="default",persistentvolumeclaim="db-0"}'
  assert.deepEqual(
    lines.filter(line => line && !line.startsWith('#')),
    [
      `kubelet_volume_stats_available_bytes${labels} 400`,
      `kubelet_volume_stats_capacity_bytes${labels} 1000`,
      `kubelet_volume_stats_inodes${labels} 100`,
      `kubelet_volume_stats_inodes_free${labels} 60`,
      `kubelet_volume_stats_inodes_used${labels} 40`,
      `kubelet_volume_stats_used_bytes${labels} 600`,
    ],
  )
  assert.equal(volumeMetrics([]), '')
})

describe('the summary', () => {
  const rates = new CpuRates()
  const brief = {
    rates,
    startTime: 1000,
    memoryCapacity: 100,
    systemContainers: [{ name: 'pods', startedAt: 2000, usage: usage(3) } as const],
  }
  const options = { ...brief, swapCapacity: 10, imageFilesystem: undefined }
  interface Summary {
    readonly node: { readonly [field: string]: unknown }
    readonly pods: readonly { readonly [field: string]: unknown }[]
  }
  const summary = statsSummary('n1', measured, options) as Summary
  const time = '1970-01-01T00:00:07Z'

  it('tells of the node', () => {
    const { nodeName, memory, network, fs, rlimit, swap } = summary.node
    assert.equal(nodeName, 'n1')
    assert.deepEqual(memory, {
      time,
      availableBytes: 80,
      usageBytes: 30,
      workingSetBytes: 20,
      rssBytes: 10,
      pageFaults: 6,
      majorPageFaults: 5,
    })
    const interfaces = ['ens3', 'eth0'].map(name => ({ name, rxBytes: 10, rxErrors: 12, txBytes: 20, txErrors: 22 }))
    assert.deepEqual(network, { time, ...interfaces[1], interfaces })
    assert.deepEqual(fs, {
      time,
      availableBytes: 400,
      capacityBytes: 1000,
      usedBytes: 600,
      inodesFree: 60,
      inodes: 100,
      inodesUsed: 40,
    })
    assert.deepEqual(rlimit, { time, maxpid: 4096, curproc: 77 })
    assert.deepEqual(swap, { time, swapAvailableBytes: 3, swapUsageBytes: 7 })
  })

  it('tells of pods, whose disk is what they write, log and keep', () => {
    const [first] = summary.pods
    assert.deepEqual(first?.['podRef'], { name: 'web', namespace: 'default', uid: 'u1' })
    assert.deepEqual(first?.['ephemeral-storage'], {
      time,
      availableBytes: 400,
      capacityBytes: 1000,
      // Two containers of 110 bytes and 12 inodes, and the one volume that lies on the disk.
      usedBytes: 225,
      inodesFree: 60,
      inodes: 100,
      inodesUsed: 25,
    })
    assert.deepEqual(first?.['process_stats'], { process_count: 4 })
    const containers = first?.['containers'] as readonly { readonly memory?: { readonly availableBytes?: number } }[]
    assert.equal(containers[0]?.memory?.availableBytes, 30)
    assert.equal(containers[1]?.memory, undefined)
    const volumes = first?.['volume'] as readonly {
      readonly name: string
      readonly usedBytes: number
      readonly pvcRef?: unknown
    }[]
    assert.deepEqual(
      volumes.map(({ name, usedBytes, pvcRef }) => [name, usedBytes, pvcRef]),
      [
        ['scratch', 5, undefined],
        ['keys', 7, undefined],
        ['data', 900, { name: 'db-0', namespace: 'default' }],
      ],
    )
  })

  it('tells of CPU and memory alone, where no more is asked for', () => {
    const { node, pods } = briefSummary('n1', measured, brief) as Summary
    assert.deepEqual(Object.keys(node), ['nodeName', 'systemContainers', 'startTime', 'cpu', 'memory'])
    assert.deepEqual(Object.keys(pods[0] ?? {}), ['podRef', 'startTime', 'containers', 'cpu', 'memory'])
    const [ofPods] = node['systemContainers'] as readonly { readonly name: string; readonly startTime: string }[]
    assert.deepEqual([ofPods?.name, ofPods?.startTime], ['pods', '1970-01-01T00:00:02Z'])
  })

  it('knows how fast from whatever was read before', () => {
    const noted = new CpuRates()
    noted.note({ ...measured, usage: usage(4), time: 2000 })
    const first = statsSummary('n1', measured, { ...options, rates: noted }) as Summary
    assert.equal((first.node['cpu'] as { readonly usageNanoCores: number }).usageNanoCores, 1e9)
  })

  it('tells how fast CPU time is used', () => {
    const later = statsSummary('n1', { ...measured, usage: usage(14), time: 17_000 }, options) as Summary
    assert.deepEqual(later.node['cpu'], {
      time: '1970-01-01T00:00:17Z',
      usageNanoCores: 5e8,
      usageCoreNanoSeconds: 14e9,
    })
  })
})
