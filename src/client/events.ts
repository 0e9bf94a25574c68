import type { ApiObject } from '../machinery/object.js'

export type EventType = 'Normal' | 'Warning'

/**
 * Records what happened to an object as a `v1.Event`, for `kubectl describe`. Returns at once and never throws: events
 * are written in the background, similar ones counted up in one object, a flood per object cut off (as
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ allows).
 */
export interface EventRecorder {
  /** `fieldPath`: the part of the object it happened to, e.g. `spec.containers{web}`. */
  record(object: ApiObject, type: EventType, reason: string, message: string, fieldPath?: string): void
}
