import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findCgroupHierarchies } from './node/cgroup-hierarchies.js'
import { Cgroups } from './node/cgroups.js'
import type { KubeletOptions } from './options.js'
import { removeAllPods } from './runtime/containerd-removal.js'
import { connectCri } from './runtime/cri-client.js'
import { imageMounts } from './runtime/image-mounts.js'
import { isUnavailable } from './runtime/runtime-error.js'
import { releaseImageVolumes } from './volumes/image-volumes.js'
import { removeTree } from './volumes/mounts.js'

/**
 * Removes all that a node agent with these options, which must have been stopped, has left on the machine: pods (unless
 * the runtime is gone already), volumes with their mounts, logs, cgroups. Safe to repeat.
 */
export async function removeNodeRemains(
  options: Pick<KubeletOptions, 'criSocket' | 'rootDir' | 'logDir' | 'cgroupRoot'>,
): Promise<void> {
  using cri = connectCri(options.criSocket)
  await removeAllPods(cri).catch(error => {
    if (!isUnavailable(error)) throw error
  })
  using images = imageMounts(options.criSocket, cri)
  const podsFolder = join(options.rootDir, 'pods')
  for (const uid of await readdir(podsFolder).catch(() => []))
    await releaseImageVolumes(podsFolder, uid, images).catch(error => {
      if (!isUnavailable(error)) throw error
    })
  await removeTree(options.rootDir)
  await rm(options.logDir, { recursive: true, force: true })
  await new Cgroups(findCgroupHierarchies(), options.cgroupRoot ?? '/').removeAll()
}
