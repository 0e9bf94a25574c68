import { join } from 'node:path'
import type { Pod } from '../api/core/v1/index.js'
import type { CgroupHierarchies } from './node/cgroup-hierarchies.js'
import { cgroupUsage } from './node/cgroup-usage.js'
import type { PodConsumption } from './node/eviction-ranking.js'
import { folderUsage } from './node/folder-usage.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import { podCgroup } from './pod-sandbox.js'

/** The memory of a pod and its containers. */
export async function memoryConsumption(
  context: NodeContext,
  hierarchies: CgroupHierarchies,
  pod: Pod,
): Promise<PodConsumption> {
  const path = podCgroup(context, pod)
  const used = async (group: string) => (await cgroupUsage(hierarchies, group))?.workingSet ?? 0
  const running = context.view.get(pod.metadata.uid ?? '').containers.filter(({ state }) => state === 'running')
  const containers = await Promise.all(
    running.map(async ({ id, name }) => ({ name, used: await used(`${path}/${id}`) })),
  )
  return { pod, used: await used(path), containers }
}

/** The disk that a pod and its containers take: writable layers, logs, and volumes that live on the node. */
export async function diskConsumption(
  context: NodeContext,
  pod: Pod,
): Promise<PodConsumption & { readonly volumes: ReadonlyMap<string, number> }> {
  const { cri, view, podsFolder } = context
  const uid = pod.metadata.uid ?? ''
  const folder = join(podsFolder, uid, 'volumes', 'kubernetes.io~empty-dir')
  const volumes = new Map<string, number>()
  for (const { name, emptyDir } of pod.spec.volumes ?? [])
    if (emptyDir && emptyDir.medium !== 'Memory') volumes.set(name, (await folderUsage(join(folder, name))).bytes)
  const running = view.get(uid).containers.filter(({ state }) => state === 'running')
  const containers = await Promise.all(
    running.map(async ({ id, name }) => {
      const { stats } = await cri.containerStats({ containerId: id }).catch(() => ({ stats: undefined }))
      const { bytes: logs } = await folderUsage(join(podLogFolder(context, pod), name))
      return { name, used: (stats?.writableLayer?.usedBytes?.value ?? 0) + logs }
    }),
  )
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0)
  return { pod, used: sum(volumes.values()) + sum(containers.map(({ used }) => used)), containers, volumes }
}
