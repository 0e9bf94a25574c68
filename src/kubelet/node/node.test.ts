import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Lease } from '../../api/coordination/v1/index.js'
import { Node, type Pod } from '../../api/core/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import type { Verdict } from '../pod-actions.js'
import { FakeClient } from '../test-client.js'
import { container, now, pod } from '../test-pods.js'
import { type CgroupHierarchies, findCgroupHierarchies } from './cgroup-hierarchies.js'
import { cgroupUsage } from './cgroup-usage.js'
import { Cgroups } from './cgroups.js'
import { evictionVerdict, rankForEviction } from './eviction-ranking.js'
import { Evictor, overLimit } from './evictor.js'
import { ImageCollector } from './image-collector.js'
import { hostAddresses, kibibytes, type MachineFacts } from './machine-facts.js'
import { nodeCapacity } from './node-capacity.js'
import { NodeLease } from './node-lease.js'
import { registerNode } from './node-registration.js'
import { type NodeStatusInput, nodeStatus, type RuntimeReport } from './node-status.js'

const gib = 2 ** 30
const facts: MachineFacts = {
  hostname: 'host',
  cpus: 4,
  memory: 8 * gib,
  swap: 0,
  architecture: 'amd64',
  kernelVersion: '6.1',
  osImage: 'Linux',
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
}

describe('control groups', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cgroups-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('are found in one tree or many', () => {
    assert.deepEqual(findCgroupHierarchies('cgroup2 /sys/fs/cgroup cgroup2 rw 0 0'), {
      version: 2,
      root: '/sys/fs/cgroup',
    })
    const found = findCgroupHierarchies(
      ['cpu,cpuacct', 'memory', 'name=systemd'].map(name => `cgroup /c/${name} cgroup rw,${name} 0 0`).join('\n') +
        '\ncgroup2 /c/unified cgroup2 rw 0 0',
    )
    assert.equal(found.version, 1)
    assert.ok(found.version === 1)
    assert.equal(found.controllers.get('cpuacct'), '/c/cpu,cpuacct')
    assert.deepEqual(found.all, ['/c/cpu,cpuacct', '/c/memory', '/c/name=systemd', '/c/unified'])
    assert.throws(() => findCgroupHierarchies(''), /no cgroup/)
  })

  it('have a place for each pod', () => {
    const cgroups = new Cgroups({ version: 2, root: '/c' }, '/t8s')
    assert.equal(cgroups.podPath('u', 'Guaranteed'), '/t8s/kubepods/podu')
    assert.equal(cgroups.podPath('u', 'BestEffort'), '/t8s/kubepods/besteffort/podu')
  })

  it('are limited, and removed', async () => {
    const [cpu, memory] = [join(folder, 'cpu'), join(folder, 'memory')]
    const hierarchies: CgroupHierarchies = {
      version: 1,
      controllers: new Map([
        ['cpu', cpu],
        ['cpuacct', cpu],
        ['memory', memory],
      ]),
      all: [cpu, memory],
    }
    const cgroups = new Cgroups(hierarchies, '/')
    const path = cgroups.podPath('u', 'Burstable')
    const knobs = ['cpu.shares', 'cpu.cfs_period_us', 'cpu.cfs_quota_us', 'memory.limit_in_bytes']
    for (const knob of knobs) {
      const parent = join(knob.startsWith('cpu') ? cpu : memory, path)
      await mkdir(parent, { recursive: true })
      await writeFile(join(parent, knob), '')
    }
    await cgroups.set(path, { cpuShares: 512, cpuQuota: 50_000, memoryLimitInBytes: 0 })
    const values = await Promise.all(
      knobs.map(knob => readFile(join(knob.startsWith('cpu') ? cpu : memory, path, knob), 'utf8')),
    )
    assert.deepEqual(values, ['512', '100000', '50000', '-1'])
    assert.deepEqual([...(await cgroups.pods())], ['u'])

    await writeFile(join(memory, path, 'memory.usage_in_bytes'), '1000\n')
    await writeFile(join(memory, path, 'memory.stat'), 'total_rss 300\ntotal_inactive_file 400\n')
    await writeFile(join(cpu, path, 'cpuacct.usage'), '77\n')
    const usage = await cgroupUsage(hierarchies, path)
    assert.deepEqual([usage?.workingSet, usage?.rss, usage?.cpuNanoseconds], [600, 300, 77])
    assert.equal(await cgroupUsage(hierarchies, '/none'), undefined)

    // A real group loses its files with itself.
    for (const tree of [cpu, memory]) await rm(join(tree, path), { recursive: true })
    for (const tree of [cpu, memory]) await mkdir(join(tree, path, 'leftover'), { recursive: true })
    await cgroups.removePod('u')
    assert.deepEqual([...(await cgroups.pods())], [])
    await cgroups.removePod('u')
  })
})

describe('what a machine is', () => {
  it('is read off its files', () => {
    assert.equal(kibibytes('MemTotal:       16 kB\nMemFree: 8 kB', 'MemFree'), 8192)
    assert.equal(hostAddresses('').length, 1)
  })
  it('is capacity, less what is kept back', () => {
    const disk = { capacity: 100 * gib, available: 50 * gib, inodes: 1, inodesFree: 1 }
    const { capacity, allocatable } = nodeCapacity(facts, disk, {
      maxPods: 110,
      reserved: { cpu: '500m' },
      memoryThreshold: 100 << 20,
      diskThreshold: 0.1,
    })
    assert.deepEqual([capacity.cpu, capacity.memory, capacity['ephemeral-storage']], ['4', '8Gi', '100Gi'])
    assert.deepEqual(
      [allocatable.cpu, allocatable.memory, allocatable['ephemeral-storage'], allocatable.pods],
      ['3500m', '8092Mi', String(90 * gib), '110'],
    )
  })
})

describe('the status of a node', () => {
  const condition = (type: string, status: boolean, reason = '', message = '') => ({ type, status, reason, message })
  const runtime = (network: boolean): RuntimeReport => ({
    version: { version: '0.1.0', runtimeName: 'containerd', runtimeVersion: '1.6', runtimeApiVersion: 'v1' },
    status: {
      status: {
        conditions: [
          condition('RuntimeReady', true),
          network
            ? condition('NetworkReady', true)
            : condition('NetworkReady', false, 'NetworkPluginNotReady', 'cni plugin not initialized'),
        ],
      },
      info: {},
      runtimeHandlers: [],
    },
  })
  const status = (rest: Partial<NodeStatusInput>) =>
    nodeStatus({
      facts,
      addresses: ['192.0.2.1'],
      capacity: {},
      allocatable: {},
      runtime: runtime(true),
      images: [],
      pressure: { memory: false, disk: false, pid: false },
      port: 10250,
      old: undefined,
      now,
      ...rest,
    })
  const find = (input: Partial<NodeStatusInput>, wanted: string) => {
    const found = status(input).conditions?.find(({ type }) => type === wanted)
    return `${found?.status} ${found?.reason} ${found?.message}`
  }
  const network =
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized'
  const table: readonly (readonly [string, Partial<NodeStatusInput>, string, string])[] = [
    ['ready', {}, 'Ready', 'True KubeletReady kubelet is posting ready status'],
    ['without network', { runtime: runtime(false) }, 'Ready', `False KubeletNotReady ${network}`],
    ['without runtime', { runtime: undefined }, 'Ready', 'False KubeletNotReady container runtime is down'],
    [
      'short of memory',
      { pressure: { memory: true, disk: false, pid: false } },
      'MemoryPressure',
      'True KubeletHasInsufficientMemory kubelet has insufficient memory available',
    ],
    ['with disk', {}, 'DiskPressure', 'False KubeletHasNoDiskPressure kubelet has no disk pressure'],
  ]
  for (const [title, input, type, want] of table) it(title, () => assert.equal(find(input, type), want))

  it('keeps transition times and the conditions of others', () => {
    const first = status({})
    const foreign = { type: 'NetworkUnavailable', status: 'False', lastHeartbeatTime: null, lastTransitionTime: null }
    const old = { ...first, conditions: [...(first.conditions ?? []), foreign] }
    const second = status({ old, runtime: undefined, now: now + 60_000 })
    const times = second.conditions?.map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime}`)
    assert.ok(times?.includes('MemoryPressure 2026-01-01T12:00:00Z'))
    assert.ok(times?.includes('Ready 2026-01-01T12:01:00Z'))
    assert.ok(times?.includes('NetworkUnavailable null'))
  })

  it('names the largest images', () => {
    const image = (id: string, size: number) => ({
      id,
      size,
      repoTags: [id],
      repoDigests: [],
      username: '',
      pinned: false,
    })
    const { images } = status({ images: [image('small', 1), image('large', 2)] })
    assert.deepEqual(images, [
      { names: ['large'], sizeBytes: 2 },
      { names: ['small'], sizeBytes: 1 },
    ])
  })
})

describe('a node and its lease', () => {
  it('are made once', async () => {
    const client = new FakeClient()
    await registerNode(client, { name: 'n', facts, labels: { a: '1' } })
    await registerNode(client, { name: 'n', facts, labels: { a: '2' } })
    assert.equal(client.peek(Node, { name: 'n' })?.metadata.labels?.a, '2')
  })
  it('are renewed, also when somebody else wrote or removed it', async () => {
    const client = new FakeClient()
    const lease = new NodeLease(client, 'n', () => 'uid')
    const ref = { namespace: 'kube-node-lease', name: 'n' }
    await lease.renew(now)
    await lease.renew(now + 1000)
    const stored = client.peek(Lease, ref)
    assert.equal(stored?.spec?.renewTime, '2026-01-01T12:00:01.000000Z')
    assert.equal(stored?.metadata.ownerReferences?.[0]?.uid, 'uid')
    if (stored) client.put(Lease, stored)
    await lease.renew(now + 2000)
    client.remove(Lease, ref)
    await lease.renew(now + 3000)
    assert.equal(client.peek(Lease, ref)?.spec?.renewTime, '2026-01-01T12:00:03.000000Z')
  })
})

const sized = (name: string, memory: string | undefined, priority = 0): Pod =>
  pod(
    { containers: [container('c', { resources: memory ? { requests: { memory } } : {} })], priority },
    { name, uid: name },
  )
const consumption = (subject: Pod, used: number) => ({ pod: subject, used, containers: [{ name: 'c', used }] })

describe('eviction', () => {
  it('takes who uses more than it asked for, then who matters least, then who is furthest above', () => {
    const ranked = rankForEviction(
      [
        consumption(sized('modest', '1Gi'), gib / 2),
        consumption(sized('greedy', '1Gi'), 3 * gib),
        consumption(sized('effortless', undefined), gib),
        consumption(sized('important', undefined, 100), 5 * gib),
        consumption(sized('critical', undefined, 2_000_000_000), 5 * gib),
      ],
      'memory',
    )
    assert.deepEqual(
      ranked.map(({ pod: { metadata } }) => metadata.name),
      ['greedy', 'effortless', 'important', 'modest'],
    )
  })
  it('says why', () => {
    const verdict = evictionVerdict(consumption(sized('p', '1Gi'), 2 * gib), 'memory', {
      threshold: 100 << 20,
      available: 50 << 20,
    })
    assert.equal(
      verdict.message,
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 2Gi, request is 1Gi, has larger consumption of memory. ',
    )
    assert.deepEqual([verdict.reason, verdict.condition?.type], ['Evicted', 'DisruptionTarget'])
  })
  it('knows limits on disk', () => {
    const subject = pod({
      containers: [container('c', { resources: { limits: { 'ephemeral-storage': '1Mi' } } })],
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Ki' } }],
    })
    const used = (volume: number, ofContainer: number) =>
      overLimit(subject, {
        pod: subject,
        used: volume + ofContainer,
        containers: [{ name: 'c', used: ofContainer }],
        volumes: new Map([['v', volume]]),
      })
    assert.equal(used(1024, 0), undefined)
    assert.equal(used(1025, 0), 'Usage of EmptyDir volume "v" exceeds the limit "1Ki". ')
    assert.match(used(0, 2 << 20) ?? '', /exceeds the total limit of containers/)
  })

  const evictor = (state: { memory: number; disk: number; freed: boolean }) => {
    const clock = new ManualClock()
    const pods = [sized('a', undefined), sized('b', '1Gi')]
    const condemned: (readonly [string | undefined, Verdict])[] = []
    let changes = 0
    const subject = new Evictor({
      clock,
      events: { record() {} },
      thresholds: {},
      memoryAvailable: async () => state.memory,
      disk: async () => ({ capacity: 100, available: state.disk, inodes: 100, inodesFree: 100 }),
      pods: () => pods,
      memoryOf: async candidate => consumption(candidate, gib),
      diskOf: async candidate => ({ ...consumption(candidate, gib), volumes: new Map() }),
      freeDisk: async () => state.freed,
      condemn: ({ metadata }, verdict) => condemned.push([metadata.name, verdict]),
      changed: () => changes++,
    })
    return { subject, clock, condemned, changes: () => changes }
  }
  it('leaves a healthy node alone', async () => {
    const { subject, condemned } = evictor({ memory: gib, disk: 50, freed: false })
    await subject.check()
    assert.deepEqual([condemned.length, subject.pressure], [0, { memory: false, disk: false, pid: false }])
  })
  it('takes one pod at a time when memory runs short, and lets the pressure linger', async () => {
    const { subject, condemned, clock, changes } = evictor({ memory: 1, disk: 50, freed: false })
    await subject.check()
    assert.deepEqual(
      condemned.map(([name]) => name),
      ['a'],
    )
    assert.equal(changes(), 1)
    clock.advance(299_000)
    assert.equal(subject.pressure.memory, true)
    clock.advance(2000)
    assert.equal(subject.pressure.memory, false)
  })
  it('frees disk before it takes pods', async () => {
    const gentle = evictor({ memory: gib, disk: 5, freed: true })
    await gentle.subject.check()
    assert.equal(gentle.condemned.length, 0)
    assert.equal(gentle.subject.pressure.disk, true)
    const harsh = evictor({ memory: gib, disk: 5, freed: false })
    await harsh.subject.check()
    assert.match(harsh.condemned[0]?.[1].message ?? '', /low on resource: ephemeral-storage/)
  })
})

describe('collecting images', () => {
  const setup = (available: number, mounted: readonly string[] = []) => {
    const clock = new ManualClock()
    const removed: string[] = []
    const image = (id: string, rest = {}) => ({
      id,
      repoTags: [id],
      repoDigests: [],
      size: 10,
      username: '',
      pinned: false,
      ...rest,
    })
    const images = [image('used'), image('old'), image('older'), image('pinned', { pinned: true })]
    const collector = new ImageCollector({
      clock,
      mounted: () => mounted,
      disk: async () => ({ capacity: 100, available, inodes: 1, inodesFree: 1 }),
      cri: {
        listImages: async () => ({ images: images.filter(({ id }) => !removed.includes(id)) }),
        listContainers: async () => ({ containers: [{ image: { image: 'used' }, imageRef: 'used', imageId: 'used' }] }),
        removeImage: async ({ image: target }: { image: { image: string } }) => void removed.push(target.image),
      } as never,
    })
    return { collector, clock, removed }
  }
  it('waits until the disk is full', async () => {
    const { collector, removed } = setup(50)
    assert.equal(await collector.collect(), 0)
    assert.deepEqual(removed, [])
  })
  it('takes what has long been unused, as much as is needed', async () => {
    const { collector, clock, removed } = setup(10)
    assert.equal(await collector.collect(), 0)
    clock.advance(121_000)
    assert.equal(await collector.collect(), 1)
    assert.deepEqual(removed, ['old'])
  })
  it('takes all that is unused when it must', async () => {
    const { collector, removed } = setup(50)
    assert.equal(await collector.collect(true), 2)
    assert.deepEqual(removed, ['old', 'older'])
  })
  it('leaves what pods have as volumes', async () => {
    const { collector, removed } = setup(50, ['old'])
    assert.equal(await collector.collect(true), 1)
    assert.deepEqual(removed, ['older'])
  })
})
