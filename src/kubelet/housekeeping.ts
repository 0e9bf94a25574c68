import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Pod, podRequests } from '../api/core/v1/index.js'
import { type Clock, sleep } from '../machinery/clock.js'
import { logPath } from './container/container-config.js'
import { cpuShares } from './container/linux-resources.js'
import { rotateLog } from './logs/log-rotation.js'
import type { Cgroups } from './node/cgroups.js'
import { type NodeContext, podLogFolder } from './node-context.js'
import { qosClass } from './qos.js'
import { removeVolumes } from './volumes/pod-volumes.js'

/** Does something again and again until the signal aborts; what goes wrong is tried again the next time. */
export async function repeatedly(
  interval: number,
  task: () => Promise<unknown>,
  options: { readonly clock: Clock; readonly signal: AbortSignal; readonly onError: (error: unknown) => void },
): Promise<void> {
  const { clock, signal, onError } = options
  for (;;) {
    await sleep(clock, interval, signal).catch(() => {})
    if (signal.aborted) return
    await task().catch(error => {
      if (!signal.aborted) onError(error)
    })
  }
}

/** Sets aside the logs of running containers that have grown too large. */
export async function rotateLogs(context: NodeContext, pods: readonly Pod[]): Promise<void> {
  const { view, cri, clock } = context
  for (const pod of pods)
    for (const { id, name, state, restartCount } of view.get(pod.metadata.uid ?? '').containers)
      if (state === 'running')
        await rotateLog(`${podLogFolder(context, pod)}/${logPath(name, restartCount)}`, {
          clock,
          reopen: async () => void (await cri.reopenContainerLog({ containerId: id })),
        })
}

/**
 * Removes what is left on disk and in cgroups of pods that neither the API server nor the runtime knows any more: an
 * agent may have been killed between a pod's end and its cleaning up.
 */
export async function removeLeftovers(context: NodeContext, isKnown: (uid: string) => boolean): Promise<void> {
  const { volumes, cgroups, logFolder } = context
  const names = async (folder: string) => readdir(folder).catch(() => [])
  const uids = new Set([...(await names(volumes.podsFolder)), ...(await names(volumes.secretFolder))])
  for (const uid of uids) if (!isKnown(uid)) await removeVolumes(volumes, uid)
  for (const uid of await cgroups.pods()) if (!isKnown(uid)) await cgroups.removePod(uid)
  for (const name of await names(logFolder)) {
    // namespace_name_uid: none of them has an underscore.
    const uid = name.split('_')[2]
    if (uid && !isKnown(uid)) await rm(join(logFolder, name), { recursive: true, force: true })
  }
}

/** Has burstable pods together weigh as much as they ask for; writes only what has changed. */
export function burstableWeight(cgroups: Cgroups, active: () => readonly Pod[]): () => Promise<void> {
  let written: number | undefined
  return async () => {
    const burstable = active().filter(pod => qosClass(pod) === 'Burstable')
    const shares = cpuShares(burstable.reduce((sum, pod) => sum + (podRequests(pod).cpu ?? 0), 0))
    if (shares === written) return
    await cgroups.weighBurstable(shares)
    written = shares
  }
}
