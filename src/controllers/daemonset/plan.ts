import type { DaemonSet } from '../../api/apps/v1/index.js'
import type { Node, Pod } from '../../api/core/v1/index.js'
import { compareText } from '../../machinery/compare-text.js'
import { podAvailableAt, podFinished, podReady } from '../pod-state.js'
import { isUpdated, nodeFit, type TemplateVersion, targetNode } from './daemon-pod.js'
import { daemonLimits } from './limits.js'

/** All that is known when it is decided what to do. */
export interface Observed {
  readonly set: DaemonSet
  readonly nodes: readonly Node[]
  /** The set's own. */
  readonly pods: readonly Pod[]
  readonly version: TemplateVersion
  /** In ms. */
  readonly now: number
}

/** A pod that has ended, and will be made anew on its node. */
export interface Ended {
  readonly pod: Pod
  readonly node: string
}

export interface Placement {
  /** Names of the nodes that get a pod. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  /** Of those removed, the ones that failed or succeeded. */
  readonly ended: readonly Ended[]
  /** Ms until a failed pod may be removed; undefined if none waits. */
  readonly retryAfter: number | undefined
}

/** Pods by the node they are on or meant for; those that have ended and are on their way out do not count. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    if (podFinished(pod) && pod.metadata.deletionTimestamp) continue
    const node = targetNode(pod)
    if (node === undefined) continue
    const there = byNode.get(node)
    if (there) there.push(pod)
    else byNode.set(node, [pod])
  }
  return byNode
}

/** Those assigned to a node first, then the oldest. */
export const oldestFirst = (pods: readonly Pod[]): Pod[] =>
  [...pods].sort(
    (a, b) =>
      (a.spec.nodeName ? 0 : 1) - (b.spec.nodeName ? 0 : 1) ||
      compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
      compareText(a.metadata.name ?? '', b.metadata.name ?? ''),
  )

export function isAvailable(pod: Pod, { set, now }: Pick<Observed, 'set' | 'now'>): boolean {
  const at = podAvailableAt(pod, set.spec.minReadySeconds ?? 0)
  return at !== undefined && at <= now
}

/**
 * Which nodes lack a pod, and which pods are one too many or where they should not be. `waitOf` says how many ms a
 * failed pod on a node has to wait before it is replaced.
 */
export function planPlacement(observed: Observed, waitOf: (node: string) => number): Placement {
  const { set, nodes, pods } = observed
  const fit = nodeFit(set)
  const byNode = podsByNode(pods)
  const surges = daemonLimits(set, 1).maxSurge > 0
  const create: string[] = []
  const remove: Pod[] = []
  const ended: Ended[] = []
  const waits: number[] = []
  for (const node of nodes) {
    const { name = '' } = node.metadata
    const { starts, stays } = fit(node)
    const there = byNode.get(name)
    if (!there) {
      if (starts) create.push(name)
      continue
    }
    const present = there.filter(({ metadata }) => !metadata.deletionTimestamp)
    if (!stays) {
      remove.push(...present)
      continue
    }
    const running: Pod[] = []
    let waiting = false
    for (const pod of present) {
      const wait = pod.status.phase === 'Failed' ? waitOf(name) : 0
      if (!podFinished(pod)) running.push(pod)
      else if (wait > 0) {
        waits.push(wait)
        waiting = true
      } else {
        ended.push({ pod, node: name })
        remove.push(pod)
      }
    }
    if (!surges) remove.push(...oldestFirst(running).slice(1))
    else if (running.length > 1) remove.push(...surplusOfSurge(oldestFirst(running), observed))
    // What is on its way out no longer takes the place.
    else if (running.length === 0 && starts && !waiting) create.push(name)
  }
  const known = new Set(nodes.map(({ metadata }) => metadata.name))
  for (const pod of pods)
    if (!pod.spec.nodeName && !pod.metadata.deletionTimestamp && !known.has(targetNode(pod) ?? '')) remove.push(pod)
  return { create, remove, ended, retryAfter: waits.length > 0 ? Math.min(...waits) : undefined }
}

/** While it surges, a node may have one pod of the old and one of the new template, until the new one is available. */
function surplusOfSurge(running: readonly Pod[], observed: Observed): readonly Pod[] {
  const newest = running.find(pod => isUpdated(pod, observed.version))
  const old = running.find(pod => !isUpdated(pod, observed.version))
  const surplus = running.filter(pod => pod !== newest && pod !== old)
  const replaced = old && newest && (!podReady(old) || isAvailable(newest, observed))
  return replaced ? [...surplus, old] : surplus
}
