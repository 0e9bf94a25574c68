import { access } from 'node:fs/promises'
import { removeCgroup } from '../kubelet/runtime/cgroups.js'
import { connectCri, deleteContainerd, cri as messages, startContainerd } from '../kubelet/runtime/index.js'
import { unmountBelow } from '../kubelet/runtime/mounts.js'
import { removeNodeNetwork } from '../network/node-network.js'
import { removeRules } from '../network/proxy/index.js'
import type { ClusterConfig } from './cluster-config.js'
import { bridgeName, cgroupRoot, containerdOptions, kernelName } from './node.js'
import { type ClusterPaths, type NodePaths, nodePaths } from './paths.js'

/** Seconds that containers get to end by themselves when the whole cluster is stopped. */
const graceSeconds = 5

/**
 * Ends all pods of this machine's node and its containerd, and takes what belongs to them out of the kernel: rules,
 * links, mounts, cgroups. Images, volumes and the notes of what ran stay for the next start.
 */
export async function stopNode(paths: ClusterPaths, config: ClusterConfig): Promise<void> {
  const node = nodePaths(paths, config.nodeName)
  if (await exists(node.containerdRoot)) await stopPods(config, node)
  await removeKernelState(config, node)
}

/** Removes a stopped node altogether. */
export async function removeNode(paths: ClusterPaths, config: ClusterConfig): Promise<void> {
  const node = nodePaths(paths, config.nodeName)
  if (await exists(node.containerdRoot)) await deleteContainerd(containerdOptions(config, node))
  await removeKernelState(config, node)
}

async function stopPods(config: ClusterConfig, node: NodePaths): Promise<void> {
  await using containerd = await startContainerd(containerdOptions(config, node))
  await containerd.ready
  using cri = connectCri(containerd.socket)
  const { containers } = await cri.listContainers({ filter: { state: { state: messages.ContainerState.running } } })
  await Promise.all(containers.map(({ id }) => cri.stopContainer({ containerId: id, timeout: graceSeconds })))
  const { items } = await cri.listPodSandbox({})
  await Promise.all(items.map(({ id }) => cri.stopPodSandbox({ podSandboxId: id })))
}

async function removeKernelState(config: ClusterConfig, node: NodePaths): Promise<void> {
  await removeRules(kernelName(config))
  await removeNodeNetwork({ bridge: bridgeName(config), ipamDir: node.cniState })
  for (const folder of [node.kubelet, node.containerdState, node.run]) await unmountBelow(folder)
  await removeCgroup(cgroupRoot(config))
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
