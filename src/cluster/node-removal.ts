import { access, rm } from 'node:fs/promises'
import { removeCgroup } from '../kubelet/runtime/cgroups.js'
import {
  connectCri,
  deleteContainerd,
  cri as messages,
  shimSockets,
  startContainerd,
} from '../kubelet/runtime/index.js'
import { unmountBelow } from '../kubelet/runtime/mounts.js'
import { removeNodeNamespace, removeWayOut } from '../network/node-namespace.js'
import { removeNodeNetwork } from '../network/node-network.js'
import { removeRules } from '../network/proxy/index.js'
import type { ClusterConfig } from './cluster-config.js'
import { kernelName, type LocalNode, localNodes } from './local-nodes.js'
import { bridgeName, containerdOptions } from './node.js'
import { type ClusterPaths, type NodePaths, nodePaths } from './paths.js'

/** Seconds that containers get to end by themselves when the whole cluster is stopped. */
const graceSeconds = 5

/**
 * Ends all pods of a cluster on this machine and its containerds, and takes what belongs to them out of the kernel:
 * rules, links, mounts, cgroups. Images, volumes and the notes of what ran stay for the next start.
 */
export async function stopNodes(paths: ClusterPaths, config: ClusterConfig): Promise<void> {
  await forEachNode(config, async local => {
    const node = nodePaths(paths, local.name)
    if (await exists(node.containerdRoot)) await stopPods(local, node)
    await removeKernelState(config, local, node)
  })
}

/** Removes the stopped nodes of a cluster altogether, but for their files. */
export async function removeNodes(paths: ClusterPaths, config: ClusterConfig): Promise<void> {
  await forEachNode(config, async local => {
    const node = nodePaths(paths, local.name)
    if (await exists(node.containerdRoot)) await deleteContainerd(containerdOptions(local, node))
    await removeKernelState(config, local, node)
  })
}

async function forEachNode(config: ClusterConfig, action: (local: LocalNode) => Promise<void>): Promise<void> {
  await Promise.all(localNodes(config).map(action))
  if (config.nodes > 1) await removeWayOut(kernelName(config))
}

async function stopPods(local: LocalNode, node: NodePaths): Promise<void> {
  const sockets = await shimSockets(node.containerdState)
  await using containerd = await startContainerd(containerdOptions(local, node))
  await containerd.ready
  using cri = connectCri(containerd.socket)
  const { containers } = await cri.listContainers({ filter: { state: { state: messages.ContainerState.running } } })
  await Promise.all(containers.map(({ id }) => cri.stopContainer({ containerId: id, timeout: graceSeconds })))
  const { items } = await cri.listPodSandbox({})
  await Promise.all(items.map(({ id }) => cri.stopPodSandbox({ podSandboxId: id })))
  for (const socket of sockets) await rm(socket, { force: true })
}

async function removeKernelState(config: ClusterConfig, local: LocalNode, node: NodePaths): Promise<void> {
  if (local.namespace) {
    await removeNodeNamespace(local.namespace)
    await rm(node.cniState, { recursive: true, force: true })
  } else {
    await removeRules(kernelName(config))
    await removeNodeNetwork({ bridge: bridgeName(config), ipamDir: node.cniState })
  }
  for (const folder of [node.kubelet, node.containerdState, node.run]) await unmountBelow(folder)
  await removeCgroup(local.cgroup)
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
