import type { Pod } from '../../api/core/v1/index.js'
import { isUpdated, nodeFit } from './daemon-pod.js'
import { daemonLimits } from './limits.js'
import { isAvailable, type Observed, podsByNode } from './plan.js'

/** The next step of an update. */
export interface Rollout {
  /** Names of the nodes that get a pod beside the one of the old template. */
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
}

/** What of a rolling update can be done now: https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/ */
export function planRollout(observed: Observed): Rollout {
  const { set, nodes, pods } = observed
  const fit = nodeFit(set)
  const byNode = podsByNode(pods)
  const starts = new Set(nodes.filter(node => fit(node).starts).map(({ metadata }) => metadata.name ?? ''))
  for (const node of starts) if (!byNode.has(node)) byNode.set(node, [])
  const { maxSurge, maxUnavailable } = daemonLimits(set, starts.size)
  const places = [...byNode].map(([node, there]) => placeOf(node, there, observed))
  return maxSurge > 0
    ? surging(places, starts, maxSurge, observed)
    : { create: [], remove: replacing(places, maxUnavailable, observed) }
}

interface Place {
  readonly node: string
  /** More pods than one of either kind: they are sorted out first. */
  readonly crowded: boolean
  readonly updated: Pod | undefined
  readonly old: Pod | undefined
}

function placeOf(node: string, there: readonly Pod[], { version }: Observed): Place {
  const present = there.filter(({ metadata }) => !metadata.deletionTimestamp)
  const updated = present.filter(pod => isUpdated(pod, version))
  const old = present.filter(pod => !isUpdated(pod, version))
  return { node, crowded: updated.length > 1 || old.length > 1, updated: updated[0], old: old[0] }
}

/** Old pods go where they are not available anyway, and elsewhere as long as few enough are away. */
function replacing(places: readonly Place[], maxUnavailable: number, observed: Observed): readonly Pod[] {
  const free: Pod[] = []
  const candidates: Pod[] = []
  let unavailable = 0
  for (const { crowded, updated, old } of places) {
    if (crowded || (updated === undefined) === (old === undefined)) unavailable++
    else if (updated && !isAvailable(updated, observed)) unavailable++
    else if (old) (isAvailable(old, observed) ? candidates : free).push(old)
  }
  return [...free, ...candidates.slice(0, Math.max(0, maxUnavailable - unavailable))]
}

/** New pods come beside old ones, which go once the new ones are available. */
function surging(places: readonly Place[], starts: ReadonlySet<string>, maxSurge: number, observed: Observed): Rollout {
  const free: string[] = []
  const candidates: string[] = []
  const remove: Pod[] = []
  const misplaced: Pod[] = []
  let surge = 0
  let available = 0
  for (const { node, crowded, updated, old } of places) {
    if (crowded) {
      surge++
      continue
    }
    const serving = old ?? updated
    if (serving && isAvailable(serving, observed)) available++
    if (!old) continue
    if (updated) {
      if (isAvailable(updated, observed)) remove.push(old)
      else surge++
    } else if (!starts.has(node)) misplaced.push(old)
    else (isAvailable(old, observed) ? candidates : free).push(node)
  }
  // Pods where none is wanted any more stay until enough are available elsewhere.
  remove.push(...misplaced.slice(0, Math.max(0, available - starts.size)))
  return { create: [...free, ...candidates.slice(0, Math.max(0, maxSurge - surge))], remove }
}
