import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { identifyProcess, signalProcess } from '../../machinery/process-identity.js'
import { listMounts } from './mounts.js'

/** Where cgroup hierarchies are mounted: one of v2, or one for each of v1's controllers, or both. */
const hierarchies = async (): Promise<string[]> =>
  (await listMounts()).filter(({ type }) => type === 'cgroup' || type === 'cgroup2').map(({ path }) => path)

/** Makes a cgroup, with those above it, in every hierarchy, so that processes can be put into it. */
export async function ensureCgroup(path: string): Promise<void> {
  const parts = path.split('/').filter(Boolean)
  for (const hierarchy of await hierarchies()) {
    let folder = hierarchy
    for (const part of parts) {
      const parent = folder
      folder = join(folder, part)
      await mkdir(folder, { recursive: true })
      // In v1 a new cgroup has no CPUs and takes no process before it is given some.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) await inherit(join(parent, file), join(folder, file))
    }
  }
}

async function inherit(from: string, to: string): Promise<void> {
  const own = await readFile(to, 'utf8').catch(() => undefined)
  const value = own?.trim() === '' ? await readFile(from, 'utf8').catch(() => '') : ''
  // Of v2's cgroups an empty one inherits by itself; the root has no such file.
  if (value.trim() !== '') await writeFile(to, value)
}

/** Kills what runs in a cgroup, and in those below it, and removes them all, in every hierarchy. */
export async function removeCgroup(path: string): Promise<void> {
  await Promise.all((await hierarchies()).map(hierarchy => removeFolder(join(hierarchy, path))))
}

async function removeFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  await Promise.all(entries.filter(entry => entry.isDirectory()).map(({ name }) => removeFolder(join(folder, name))))
  for (let attempt = 0; attempt < 20; attempt++) {
    const processes = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => undefined)
    if (processes === undefined) break
    for (const pid of processes.split('\n').filter(Boolean)) {
      const process = identifyProcess(Number(pid))
      if (process) signalProcess(process, 'SIGKILL')
    }
    const failure = await rmdir(folder).catch((error: NodeJS.ErrnoException) => error)
    if (failure?.code !== 'EBUSY') break
    await pause(50)
  }
}
