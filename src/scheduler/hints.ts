import { Node, Pod } from '../api/core/v1/index.js'
import type { AnyKind } from '../client/controller.js'
import type { ChangeKind, ClusterEvent, EventInterest } from './cluster-event.js'

/** Interest in nodes; `helps` is asked of the node as it is now. */
export const nodeInterest = (
  changes: readonly ChangeKind[],
  helps?: (pod: Pod, node: Node) => boolean,
): EventInterest => ({
  of: Node as unknown as AnyKind,
  changes,
  ...(helps ? { helps: (pod, { object }) => object === undefined || helps(pod, object as unknown as Node) } : {}),
})

/** Interest in pods on nodes; `helps` is told of the pod as it was and as it is. */
export const podInterest = (
  changes: readonly ChangeKind[],
  helps?: (pod: Pod, old: Pod | undefined, now: Pod | undefined) => boolean,
): EventInterest => ({
  of: Pod as unknown as AnyKind,
  changes,
  ...(helps ? { helps: (pod: Pod, { old, object }: ClusterEvent) => helps(pod, podOf(old), podOf(object)) } : {}),
})

const podOf = (object: ClusterEvent['object']): Pod | undefined => object as unknown as Pod | undefined
