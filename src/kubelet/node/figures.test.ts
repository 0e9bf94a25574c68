import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import { cgroupDetails } from './cgroup-details.js'
import { FolderUsages, folderUsage } from './folder-usage.js'
import { parseInterfaces } from './network-usage.js'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'figures-'))
})
after(() => rm(folder, { recursive: true }))

async function write(files: { readonly [path: string]: string }): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

describe('a control group', () => {
  const common = {
    processes: [7, 8],
    threads: 3,
    user: 2e9,
    system: 5e8,
    periods: 10,
    throttledPeriods: 4,
    throttledNanoseconds: 123_000,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    memoryLimit: 4096,
    read: { bytes: 300, operations: 3 },
    written: { bytes: 40, operations: 4 },
  }
  const procs = '7\n8\n'

  it('of v1 is told in many folders', async () => {
    await write({
      'memory/g/cgroup.procs': procs,
      'memory/g/memory.limit_in_bytes': '4096\n',
      'pids/g/pids.current': '3\n',
      'cpu/g/cpuacct.stat': 'user 200\nsystem 50\n',
      'cpu/g/cpu.stat': 'nr_periods 10\nnr_throttled 4\nthrottled_time 123000\n',
      'cpu/g/cpu.shares': '512\n',
      'cpu/g/cpu.cfs_period_us': '100000\n',
      'cpu/g/cpu.cfs_quota_us': '50000\n',
      'blkio/g/blkio.throttle.io_service_bytes': '8:0 Read 100\n8:0 Write 40\n8:16 Read 200\nTotal 340\n',
      'blkio/g/blkio.throttle.io_serviced': '8:0 Read 3\n8:0 Write 4\nTotal 7\n',
    })
    const controllers = new Map(
      ['memory', 'pids', 'cpu', 'cpuacct', 'blkio'].map(name => [name, join(folder, name.replace('acct', ''))]),
    )
    const found = await cgroupDetails({ version: 1, controllers, all: [] }, '/g')
    assert.deepEqual(found, { ...common, cpuShares: 512 })
  })

  it('of v2 is told in one', async () => {
    await write({
      'v2/g/cgroup.procs': procs,
      'v2/g/pids.current': '3\n',
      'v2/g/cpu.stat':
        'usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 123\n',
      'v2/g/cpu.weight': '20\n',
      'v2/g/cpu.max': '50000 100000\n',
      'v2/g/memory.max': '4096\n',
      'v2/g/io.stat': '8:0 rbytes=100 wbytes=40 rios=1 wios=4 dbytes=0\n8:16 rbytes=200 wbytes=0 rios=2 wios=0\n',
    })
    const found = await cgroupDetails({ version: 2, root: join(folder, 'v2') }, '/g')
    assert.deepEqual(found, { ...common, cpuShares: 500 })
  })

  it('without limits has none, and one that is not there is empty', async () => {
    await write({ 'v2/free/cpu.max': 'max 100000\n', 'v2/free/memory.max': 'max\n' })
    const { cpuQuota, memoryLimit } = await cgroupDetails({ version: 2, root: join(folder, 'v2') }, '/free')
    assert.deepEqual([cpuQuota, memoryLimit], [undefined, undefined])
    const none = await cgroupDetails({ version: 1, controllers: new Map(), all: [] }, '/none')
    assert.deepEqual([none.processes, none.threads, none.user], [[], 0, 0])
  })
})

it('interfaces are counted, but for those that carry what others do', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0: 1234567     890    1    2    0     0          0         0   765432     321    3    4    0     0       0          0
veth12ab:     5       5    0    0    0     0          0         0        5       5    0    0    0     0       0          0
`
  assert.deepEqual(parseInterfaces(text), [
    {
      name: 'eth0',
      received: { bytes: 1_234_567, packets: 890, errors: 1, dropped: 2 },
      sent: { bytes: 765_432, packets: 321, errors: 3, dropped: 4 },
    },
  ])
  assert.deepEqual(parseInterfaces(''), [])
})

it('folders are counted with all that is in them, once a minute', async () => {
  await write({ 'sized/a': 'x'.repeat(5000), 'sized/in/b': 'y' })
  const { bytes, inodes } = await folderUsage(join(folder, 'sized'))
  assert.ok(bytes >= 5001, String(bytes))
  assert.equal(inodes, 4)
  assert.deepEqual(await folderUsage(join(folder, 'none')), { bytes: 0, inodes: 0 })

  const clock = new ManualClock()
  const usages = new FolderUsages(clock)
  assert.equal((await usages.of(join(folder, 'sized'))).inodes, 4)
  await write({ 'sized/c': '' })
  clock.advance(59_999)
  assert.equal((await usages.of(join(folder, 'sized'))).inodes, 4)
  clock.advance(1)
  assert.equal((await usages.of(join(folder, 'sized'))).inodes, 5)
})
