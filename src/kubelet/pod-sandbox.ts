import { mkdir } from 'node:fs/promises'
import type { Pod } from '../api/core/v1/index.js'
import { RuntimeClass } from '../api/node/v1/index.js'
import { ConfigError } from './container/config-error.js'
import { podDns } from './container/dns.js'
import { podHostname } from './container/hostname.js'
import { ownerOf } from './container/labels.js'
import { podResources } from './container/linux-resources.js'
import { sandboxConfig } from './container/sandbox-config.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import { qosClass } from './qos.js'
import type { PodSandboxConfig } from './runtime/cri-messages.js'
import { isNotFound } from './runtime/runtime-error.js'

/** The cgroup of a pod, in cgroupfs syntax. */
export const podCgroup = ({ cgroups }: Pick<NodeContext, 'cgroups'>, pod: Pod): string =>
  cgroups.podPath(pod.metadata.uid ?? '', qosClass(pod))

/** What a pod's sandbox is made with; containers are created with the same. Throws `ConfigError`. */
export const podSandboxConfig = (context: NodeContext, pod: Pod, attempt: number): PodSandboxConfig =>
  sandboxConfig(pod, {
    attempt,
    cgroupParent: podCgroup(context, pod),
    logDirectory: podLogFolder(context, pod),
    dns: podDns(pod, context.dns),
    hostname: podHostname(pod, context.dns.clusterDomain),
  })

/** Makes a pod's cgroup and sandbox, with the resources that `pod` names; the sandbox is in the runtime view by then. */
export async function createSandbox(
  context: NodeContext,
  pod: Pod,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  if (pod.spec.resourceClaims?.length) throw new ConfigError('resource claims are not supported on this node')
  const config = podSandboxConfig(context, pod, attempt)
  const runtimeHandler = await runtimeHandlerOf(context, pod)
  await context.cgroups.set(
    podCgroup(context, pod),
    podResources(pod, ({ resources = {} }) => resources),
  )
  await mkdir(podLogFolder(context, pod), { recursive: true, mode: 0o755 })
  await context.slots.run(async () => {
    const { podSandboxId } = await context.cri.runPodSandbox({ config, ...(runtimeHandler ? { runtimeHandler } : {}) })
    context.view.expect(ownerOf(pod), podSandboxId)
    await context.view.inspectSandbox(podSandboxId)
  }, signal)
}

async function runtimeHandlerOf({ client }: NodeContext, { spec }: Pod): Promise<string> {
  if (!spec.runtimeClassName) return ''
  return (await client.get(RuntimeClass, { name: spec.runtimeClassName })).handler
}

/** Takes down a pod's sandboxes; their networks and whatever runs in them go, the containers' remains stay. */
export async function stopSandboxes({ cri, view }: NodeContext, uid: string): Promise<void> {
  for (const { id } of view.get(uid).sandboxes) {
    // Also one that died by itself: its network is still there.
    await cri.stopPodSandbox({ podSandboxId: id }).catch(ignoreGone)
    await view.inspectSandbox(id)
  }
  for (const { id, state } of view.get(uid).containers) if (state !== 'exited') await view.inspectEnd(id)
}

/** Removes all that the runtime holds of a pod. */
export async function removeSandboxes({ cri, view }: NodeContext, uid: string): Promise<void> {
  const { sandboxes, containers } = view.get(uid)
  for (const { id } of containers) {
    await cri.removeContainer({ containerId: id }).catch(ignoreGone)
    view.forget(id)
  }
  for (const { id } of sandboxes) {
    await cri.stopPodSandbox({ podSandboxId: id }).catch(ignoreGone)
    await cri.removePodSandbox({ podSandboxId: id }).catch(ignoreGone)
    view.forget(id)
  }
}

const ignoreGone = (error: unknown): void => {
  if (!isNotFound(error)) throw error
}
