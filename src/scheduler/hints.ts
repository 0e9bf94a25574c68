import { Node, PersistentVolumeClaim, Pod } from '../api/core/v1/index.js'
import { claimNamesOf } from '../api/core/v1/pod-volume-claims.js'
import type { AnyKind } from '../client/controller.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'
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

/** Interest in objects of any other kind; `helps` is told of the object as it was and as it is. */
export const kindInterest = <T extends ApiObject, I>(
  kind: Kind<T, I>,
  changes: readonly ChangeKind[],
  helps?: (old: T | undefined, now: T | undefined, pod: Pod) => boolean,
): EventInterest => ({
  of: kind as unknown as AnyKind,
  changes,
  ...(helps ? { helps: (pod, { old, object }) => helps(old as T | undefined, object as T | undefined, pod) } : {}),
})

/** Interest in the claims of the pod's volumes. */
export const claimInterest = (changes: readonly ChangeKind[]): EventInterest =>
  kindInterest(PersistentVolumeClaim, changes, (old, now, pod) => {
    const { namespace, name = '' } = (now ?? old)?.metadata ?? {}
    return namespace === pod.metadata.namespace && claimNamesOf(pod).includes(name)
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
