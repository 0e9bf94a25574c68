import type { StatefulSet } from '../../api/apps/v1/index.js'
import type { Pod } from '../../api/core/v1/index.js'
import { podAvailableAt, podFinished, podReady } from '../pod-state.js'
import { firstOrdinal, hasIdentity, inRange, ordinalOf, podRevision, wantedReplicas } from './identity.js'

/** All that is known when it is decided what to do. */
export interface Observed {
  readonly set: StatefulSet
  /** The set's own. */
  readonly pods: readonly Pod[]
  /** Name of the revision that an update comes from, and of that which it leads to. */
  readonly currentRevision: string
  readonly updateRevision: string
  /** In ms. */
  readonly now: number
}

export interface StatefulPlan {
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[]
  readonly remove: readonly Pod[]
  /** Pods without the labels of their place. */
  readonly relabel: readonly { readonly pod: Pod; readonly ordinal: number }[]
}

export const isRunningAndReady = (pod: Pod): boolean => pod.status.phase === 'Running' && podReady(pod)

export function isAvailable(pod: Pod, { set, now }: Pick<Observed, 'set' | 'now'>): boolean {
  const at = podAvailableAt(pod, set.spec.minReadySeconds ?? 0)
  return isRunningAndReady(pod) && at !== undefined && at <= now
}

const isTerminating = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined

/**
 * What can be done now: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#deployment-and-scaling-guarantees.
 * An ordered set does one thing at a time, and nothing beyond a pod that is not available.
 */
export function planStatefulSet(observed: Observed): StatefulPlan {
  const { set } = observed
  const ordered = set.spec.podManagementPolicy !== 'Parallel'
  const { replicas, condemned } = sorted(observed)
  const create: { ordinal: number; revision: string }[] = []
  const remove: Pod[] = []
  const relabel: { pod: Pod; ordinal: number }[] = []
  const plan = { create, remove, relabel }
  for (const [i, pod] of replicas.entries()) {
    const ordinal = firstOrdinal(set) + i
    if (!pod) create.push({ ordinal, revision: revisionOfNew(ordinal, observed) })
    else if (podFinished(pod)) {
      if (!isTerminating(pod)) remove.push(pod)
    } else if (!hasIdentity(set, ordinal, pod) && !isTerminating(pod)) relabel.push({ pod, ordinal })
    if (ordered && (!pod || isTerminating(pod) || !isAvailable(pod, observed))) return plan
  }
  if (!ordered) remove.push(...condemned.filter(pod => !isTerminating(pod)))
  else if (condemned.length > 0) {
    const [last] = condemned
    if (last && !isTerminating(last) && mayGo(last, condemned, observed)) remove.push(last)
    return plan
  }
  const old = outdated(replicas, observed)
  if (old && !remove.includes(old)) remove.push(old)
  return plan
}

interface Sorted {
  /** One place for each pod that the set is to have. */
  readonly replicas: readonly (Pod | undefined)[]
  /** Those it has beyond, the last one first. */
  readonly condemned: readonly Pod[]
}

function sorted({ set, pods }: Observed): Sorted {
  const byOrdinal = new Map<number, Pod>()
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod)
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod)
  }
  const replicas = Array.from({ length: wantedReplicas(set) }, (_, i) => byOrdinal.get(firstOrdinal(set) + i))
  const condemned = [...byOrdinal].filter(([ordinal]) => !inRange(set, ordinal)).sort(([a], [b]) => b - a)
  return { replicas, condemned: condemned.map(([, pod]) => pod) }
}

/** The last pod goes if it is well, or if it is the only one that is not. */
function mayGo(last: Pod, condemned: readonly Pod[], observed: Observed): boolean {
  if (isAvailable(last, observed)) return true
  const firstUnhealthy = condemned.findLast(pod => !isRunningAndReady(pod) || isTerminating(pod))
  return last === firstUnhealthy
}

/** Below the partition pods come back as they were. */
function revisionOfNew(ordinal: number, { set, pods, currentRevision, updateRevision }: Observed): string {
  const { type, rollingUpdate } = set.spec.updateStrategy
  if (type !== 'RollingUpdate') return updateRevision
  const kept =
    rollingUpdate?.partition ?? pods.filter(pod => !isTerminating(pod) && podRevision(pod) === currentRevision).length
  return ordinal < firstOrdinal(set) + kept ? currentRevision : updateRevision
}

/** The old pod that goes next: the last one, once all behind it are as they should be and serve. */
function outdated(replicas: readonly (Pod | undefined)[], observed: Observed): Pod | undefined {
  const { set, updateRevision } = observed
  const { type, rollingUpdate } = set.spec.updateStrategy
  if (type !== 'RollingUpdate') return undefined
  for (const pod of replicas.slice(rollingUpdate?.partition ?? 0).toReversed()) {
    if (!pod || isTerminating(pod)) return undefined
    if (podRevision(pod) !== updateRevision) return pod
    if (!isAvailable(pod, observed)) return undefined
  }
  return undefined
}
