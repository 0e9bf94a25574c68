import type { Pod } from '../../api/core/v1/index.js'
import { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import type { Infeasible, PluginFactory, SchedulingCycle } from '../framework.js'
import type { PluginHandle } from '../plugin-handle.js'
import { cheapest } from '../preemption/cheapest.js'
import { clearNomination, evict, preemptionReason } from '../preemption/evict.js'
import { type CandidateLimits, defaultLimits, findCandidates } from '../preemption/find-candidates.js'
import { priorityOf } from '../preemption/importance.js'
import { rememberingVictims } from '../preemption/remembered-victims.js'
import { selectVictims } from '../preemption/select-victims.js'
import type { Victims } from '../preemption/victims.js'

/** https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/ */
export const defaultPreemption: PluginFactory = (handle, args) => {
  const limits: CandidateLimits = { ...defaultLimits, ...(args as Partial<CandidateLimits> | undefined) }
  const budgets = handle.informers?.of(PodDisruptionBudget)
  const select = rememberingVictims()
  /** Pods that are about to be deleted, and their nodes, until the cluster's state shows it. */
  const condemned = new Map<string, string>()

  return {
    name: 'DefaultPreemption',
    // What it evicts, those who rejected the pod hear of.
    events: [],
    async postFilter(cycle, infeasible) {
      const { pod, snapshot } = cycle
      handle.metrics?.preemptionAttempted()
      prune(condemned, cycle)
      const nominated = handle.nominated.nodeOf(pod.metadata.uid ?? '') ?? pod.status.nominatedNodeName
      const ineligible = ineligibility(cycle, nominated, infeasible, condemned)
      if (ineligible) return { message: `preemption: ${ineligible}` }
      const { victims, message } = findCandidates(
        pod,
        snapshot,
        infeasible,
        budgets?.list() ?? [],
        limits,
        handle.random,
        // A pod's own nomination to a node does not count for it, but does for others of its kind.
        nominated ? selectVictims : select,
      )
      const agreed = victims.size > 0 ? await agreedByExtenders(handle, pod, victims) : victims
      const node = cheapest(agreed)
      if (node === undefined) return { message: message(), nominatedNode: '' }
      void preempt(handle, cycle, node, agreed.get(node)?.pods ?? [], condemned)
      return { message: '', nominatedNode: node }
    },
  }
}

/** Why a pod may not evict others (any more). */
function ineligibility(
  { pod, snapshot }: SchedulingCycle,
  nominated: string | undefined,
  { rejections, others }: Infeasible,
  condemned: ReadonlyMap<string, string>,
): string | undefined {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const node = nominated ? snapshot.get(nominated) : undefined
  if (!node || (rejections.get(node.name) ?? others)?.unresolvable) return undefined
  const priority = priorityOf(pod)
  for (const [uid, other] of node.pods)
    if (priorityOf(other) < priority && (condemned.has(uid) || isBeingPreempted(other)))
      return 'not eligible due to a terminating pod on the nominated node.'
  return undefined
}

const isBeingPreempted = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (status.conditions ?? []).some(
    ({ type, status, reason }) => type === 'DisruptionTarget' && status === 'True' && reason === preemptionReason,
  )

async function agreedByExtenders(
  { extenders }: PluginHandle,
  pod: Pod,
  victims: ReadonlyMap<string, Victims>,
): Promise<ReadonlyMap<string, Victims>> {
  let agreed = victims
  for (const extender of extenders) {
    if (agreed.size === 0) break
    if (!extender.preempt || !extender.concerns(pod)) continue
    try {
      agreed = await extender.preempt(pod, agreed)
    } catch (error) {
      if (!extender.ignorable) throw error
    }
  }
  return agreed
}

/** Has the victims leave, all at once and while scheduling goes on. If one cannot be made to, the pod is tried again. */
async function preempt(
  handle: PluginHandle,
  { pod }: SchedulingCycle,
  node: string,
  victims: readonly Pod[],
  condemned: Map<string, string>,
): Promise<void> {
  handle.metrics?.preempting(victims.length)
  const began = performance.now()
  for (const { metadata } of victims) condemned.set(metadata.uid ?? '', node)
  const overtaken = handle.nominated.on(node).filter(other => priorityOf(other) < priorityOf(pod))
  const results = await Promise.allSettled([
    ...victims.map(victim => evict(handle, victim, node, pod)),
    ...overtaken.map(other => clearNomination(handle, other)),
  ])
  const failed = results.slice(0, victims.length).flatMap((result, i) => (result.status === 'rejected' ? [i] : []))
  for (const result of results) if (result.status === 'rejected') handle.onError(result.reason)
  for (const i of failed) condemned.delete(victims[i]?.metadata.uid ?? '')
  handle.metrics?.preempted(failed.length > 0 ? 'error' : 'success', performance.now() - began)
  if (failed.length > 0) handle.activate(pod)
}

/** Forgets those of whose end the cluster's state tells. */
function prune(condemned: Map<string, string>, { snapshot }: SchedulingCycle): void {
  for (const [uid, node] of condemned) {
    const pod = snapshot.get(node)?.pods.get(uid)
    if (!pod || isBeingPreempted(pod)) condemned.delete(uid)
  }
}
