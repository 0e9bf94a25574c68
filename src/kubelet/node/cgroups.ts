import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuPeriod, type PodResources } from '../container/linux-resources.js'
import type { QosClass } from '../qos.js'
import type { CgroupHierarchies } from './cgroup-hierarchies.js'

/** What the node as a whole gives to pods. */
export interface NodeBudget {
  readonly cpuShares: number
  /** Bytes; 0 is unlimited. */
  readonly memoryLimitInBytes: number
}

const noQuota = 0

/**
 * The control groups of a node's pods: `<root>/kubepods[/burstable|/besteffort]/pod<uid>`. The runtime makes the
 * containers' groups below them. Removing is safe to repeat, and removes what a dead agent left behind.
 */
export class Cgroups {
  readonly #hierarchies: CgroupHierarchies
  readonly #base: string

  /** `root` is a path below every tree, `/` for the trees' own roots. */
  constructor(hierarchies: CgroupHierarchies, root: string) {
    this.#hierarchies = hierarchies
    this.#base = posix.join('/', root, 'kubepods')
  }

  /** The group above those of all pods. */
  get podsPath(): string {
    return this.#base
  }

  /** The path of a pod's group in cgroupfs syntax: what a sandbox names as its parent. */
  podPath(uid: string, qos: QosClass): string {
    return posix.join(this.#base, qos === 'Guaranteed' ? '' : qos.toLowerCase(), `pod${uid}`)
  }

  /** Makes the groups above the pods' own. */
  async prepare(budget: NodeBudget): Promise<void> {
    await this.#make(this.#base)
    await this.#limit(this.#base, { ...budget, cpuQuota: noQuota })
    for (const [qos, cpuShares] of [
      ['burstable', 2],
      ['besteffort', 2],
    ] as const) {
      await this.#make(`${this.#base}/${qos}`)
      await this.#limit(`${this.#base}/${qos}`, { cpuShares, cpuQuota: noQuota, memoryLimitInBytes: 0 })
    }
  }

  /** Burstable pods together weigh as much as they ask for. */
  async weighBurstable(cpuShares: number): Promise<void> {
    await this.#limit(`${this.#base}/burstable`, { cpuShares, cpuQuota: noQuota, memoryLimitInBytes: 0 })
  }

  /** Makes a pod's group, or changes its limits. */
  async set(path: string, resources: PodResources): Promise<void> {
    await this.#make(path)
    await this.#limit(path, resources)
  }

  /** Removes a pod's group and all below it; whatever still runs there is killed. */
  async remove(path: string): Promise<void> {
    await Promise.all(this.#trees().map(tree => removeTree(join(tree, path))))
  }

  /** The same for a pod of which only the uid is known. */
  async removePod(uid: string): Promise<void> {
    for (const qos of ['Guaranteed', 'Burstable', 'BestEffort'] as const) await this.remove(this.podPath(uid, qos))
  }

  /** Uids of the pods that have a group. */
  async pods(): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    for (const parent of [this.#base, `${this.#base}/burstable`, `${this.#base}/besteffort`])
      for (const tree of this.#trees())
        for (const name of await readdir(join(tree, parent)).catch(() => []))
          if (name.startsWith('pod')) found.add(name.slice(3))
    return found
  }

  /** Removes the groups above the pods' own, when the node goes for good. */
  async removeAll(): Promise<void> {
    await this.remove(this.#base)
  }

  #trees(): readonly string[] {
    return this.#hierarchies.version === 2 ? [this.#hierarchies.root] : this.#hierarchies.all
  }

  async #make(path: string): Promise<void> {
    const hierarchies = this.#hierarchies
    if (hierarchies.version === 2) return makeUnified(hierarchies.root, path)
    const { controllers } = hierarchies
    await Promise.all(
      ['cpu', 'memory'].map(name => mkdir(join(controllers.get(name) ?? '', path), { recursive: true })),
    )
  }

  async #limit(path: string, { cpuShares, cpuQuota, memoryLimitInBytes }: PodResources): Promise<void> {
    const hierarchies = this.#hierarchies
    if (hierarchies.version === 2) {
      const folder = join(hierarchies.root, path)
      await write(folder, 'cpu.weight', String(1 + Math.floor(((cpuShares - 2) * 9999) / 262142)))
      await write(folder, 'cpu.max', `${cpuQuota || 'max'} ${cpuPeriod}`)
      await write(folder, 'memory.max', memoryLimitInBytes ? String(memoryLimitInBytes) : 'max')
      return
    }
    const cpu = join(hierarchies.controllers.get('cpu') ?? '', path)
    const memory = join(hierarchies.controllers.get('memory') ?? '', path)
    await write(cpu, 'cpu.shares', String(cpuShares))
    await write(cpu, 'cpu.cfs_period_us', String(cpuPeriod))
    await write(cpu, 'cpu.cfs_quota_us', String(cpuQuota || -1))
    await write(memory, 'memory.limit_in_bytes', String(memoryLimitInBytes || -1))
  }
}

/** A kernel built without a knob goes without it; anything else must work. */
const write = (folder: string, file: string, text: string): Promise<void> =>
  writeFile(join(folder, file), text, { flag: 'r+' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })

/** In v2 a parent must pass a controller on before its children have it. */
async function makeUnified(root: string, path: string): Promise<void> {
  let folder = root
  for (const part of path.split('/').filter(Boolean)) {
    const available = (await readFile(join(folder, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/)
    for (const controller of available.filter(Boolean))
      await writeFile(join(folder, 'cgroup.subtree_control'), `+${controller}`, { flag: 'r+' }).catch(() => {})
    folder = join(folder, part)
    await mkdir(folder, { recursive: true })
  }
}

/** A killed process takes a moment to leave its group. */
const patience = [0, 5, 20, 80, 300, 1000]

async function removeTree(folder: string): Promise<void> {
  for (const wait of patience) {
    if (wait) await delay(wait)
    try {
      await rmdir(folder)
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' && code !== 'ENOTEMPTY') throw error
    }
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name))
    await killAll(folder)
  }
  throw new Error(`cannot remove the cgroup ${folder}: it is still in use`)
}

async function killAll(folder: string): Promise<void> {
  const pids = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')
  for (const pid of pids.split('\n').filter(Boolean).map(Number))
    try {
      if (pid > 0) process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
}
