import { Node, Pod } from '../api/core/v1/index.js'
import type { AnyKind } from '../client/controller.js'
import { jsonEqual } from '../machinery/json-equal.js'
import type { ApiObject } from '../machinery/object.js'
import { podRequest } from './resources.js'

/** What changed about a node that stays. */
export type NodeUpdate =
  | 'updateNodeAllocatable'
  | 'updateNodeLabel'
  | 'updateNodeTaint'
  | 'updateNodeCondition'
  | 'updateNodeAnnotation'

/** What changed about a pod that stays. */
export type PodUpdate =
  | 'updatePodLabel'
  | 'updatePodScaleDown'
  | 'updatePodToleration'
  | 'updatePodSchedulingGatesEliminated'
  | 'updatePodGeneratedResourceClaim'

/** `update` is any update, of a kind whose updates are not told apart. */
export type ChangeKind = 'add' | 'update' | 'delete' | NodeUpdate | PodUpdate

/** Something happened to an object of the cluster. */
export interface ClusterEvent {
  /** A kind; of pods, those on nodes. `waitingPod` is the very pod that waits for a node. */
  readonly of: AnyKind | 'waitingPod'
  readonly changes: readonly ChangeKind[]
  /** As it was; undefined if it is new. */
  readonly old: ApiObject | undefined
  /** As it is; undefined if it is gone. */
  readonly object: ApiObject | undefined
}

/** What a plugin wants to hear of (upstream's EventsToRegister with its queueing hints). */
export interface EventInterest {
  /** As in `ClusterEvent`. */
  readonly of: AnyKind | 'waitingPod'
  /** All changes when absent. `update` stands for every update. */
  readonly changes?: readonly ChangeKind[]
  /** Whether the event may help a pod that the plugin rejected; without it, it may. */
  readonly helps?: (pod: Pod, event: ClusterEvent) => boolean
}

/** Whether an interest covers an event, hints aside. */
export function covers({ of, changes }: EventInterest, event: ClusterEvent): boolean {
  if (of !== event.of) return false
  if (!changes) return true
  return event.changes.some(
    change => changes.includes(change) || (change.startsWith('update') && changes.includes('update')),
  )
}

/** As metrics name it: `NodeAdd`, `AssignedPodDelete`. */
export function eventLabel({ of, changes }: ClusterEvent): string {
  const subject = of === 'waitingPod' ? 'Pod' : of === (Pod as unknown) ? 'AssignedPod' : of.gvk.kind
  const [change = 'update'] = changes
  return `${subject}${change.charAt(0).toUpperCase()}${change.slice(1)}`
}

/** An event of a kind whose updates are not told apart. */
export function objectEvent(of: AnyKind, object: ApiObject | undefined, old: ApiObject | undefined): ClusterEvent {
  return { of, object, old, changes: [object ? (old ? 'update' : 'add') : 'delete'] }
}

/** What happened to a node; undefined if it is of no interest to anybody, as heartbeats are. */
export function nodeEvent(node: Node | undefined, old: Node | undefined): ClusterEvent | undefined {
  const of = Node as unknown as AnyKind
  if (!node || !old) return { of, object: node, old, changes: [node ? 'add' : 'delete'] }
  const changes: ChangeKind[] = []
  const [spec, status] = [node.spec, node.status]
  if (differs(status.allocatable, old.status.allocatable)) changes.push('updateNodeAllocatable')
  if (differs(node.metadata.labels, old.metadata.labels)) changes.push('updateNodeLabel')
  if (differs(spec.taints, old.spec.taints) || spec.unschedulable !== old.spec.unschedulable)
    changes.push('updateNodeTaint')
  if (differs(conditionsOf(node), conditionsOf(old))) changes.push('updateNodeCondition')
  if (differs(node.metadata.annotations, old.metadata.annotations)) changes.push('updateNodeAnnotation')
  return changes.length > 0 ? { of, object: node, old, changes } : undefined
}

const conditionsOf = ({ status }: Node) => status.conditions?.map(({ type, status }) => [type, status])

/** What happened to a pod on a node; undefined if it is of no interest to anybody. */
export function assignedPodEvent(pod: Pod | undefined, old: Pod | undefined): ClusterEvent | undefined {
  const of = Pod as unknown as AnyKind
  if (!pod || !old) return { of, object: pod, old, changes: [pod ? 'add' : 'delete'] }
  const changes = podUpdates(pod, old)
  return changes.length > 0 ? { of, object: pod, old, changes } : undefined
}

/** A pod leaves a node, or does not come to it after all. */
export const departureEvent = (pod: Pod, nodeName: string): ClusterEvent => ({
  of: Pod as unknown as AnyKind,
  object: undefined,
  old: { ...pod, spec: { ...pod.spec, nodeName } } as Pod,
  changes: ['delete'],
})

/** What happened to a pod that waits for a node; undefined if it is of no interest to anybody. */
export function waitingPodEvent(pod: Pod, old: Pod): ClusterEvent | undefined {
  const changes = podUpdates(pod, old)
  return changes.length > 0 ? { of: 'waitingPod', object: pod, old, changes } : undefined
}

function podUpdates(pod: Pod, old: Pod): ChangeKind[] {
  const changes: ChangeKind[] = []
  if (differs(pod.metadata.labels, old.metadata.labels)) changes.push('updatePodLabel')
  if (!hasSameSpec(pod, old)) {
    if (differs(pod.spec.tolerations, old.spec.tolerations)) changes.push('updatePodToleration')
    if (old.spec.schedulingGates?.length && !pod.spec.schedulingGates?.length)
      changes.push('updatePodSchedulingGatesEliminated')
  }
  if (scaledDown(pod, old)) changes.push('updatePodScaleDown')
  if (differs(pod.status.resourceClaimStatuses, old.status.resourceClaimStatuses))
    changes.push('updatePodGeneratedResourceClaim')
  // A deletion that begins ends what a pod counts for in spreading.
  if (pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp) changes.push('update')
  return changes
}

/** Most changes of a pod are of its status: the server counts those of its spec. */
export const hasSameSpec = (pod: Pod, old: Pod): boolean =>
  pod.spec === old.spec ||
  (pod.metadata.generation !== undefined && pod.metadata.generation === old.metadata.generation)

function scaledDown(pod: Pod, old: Pod): boolean {
  const [{ requested: now }, { requested: before }] = [podRequest(pod), podRequest(old)]
  if (now === before) return false
  return Object.entries(before).some(([name, amount]) => (now[name] ?? 0) < amount)
}

function differs(left: unknown, right: unknown): boolean {
  return left !== right && !jsonEqual(left, right)
}
