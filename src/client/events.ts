import type { ApiObject } from '../machinery/object.js'

export type EventType = 'Normal' | 'Warning'

/** What more may be told of what happened. */
export interface EventDetails {
  /** The part of the object it happened to, e.g. `spec.containers{web}`. */
  readonly fieldPath?: string
  /** What was being done, e.g. `Binding`. Series name the reason when it is absent; counted events do not tell it. */
  readonly action?: string
  /** Another object that it has to do with. */
  readonly related?: ApiObject
}

/**
 * Records what happened to an object as an Event, for `kubectl describe`. Returns at once and never throws: events are
 * written in the background, and what happens again is told by the event that is there (as
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ allows).
 */
export interface EventRecorder {
  record(object: ApiObject, type: EventType, reason: string, message: string, details?: EventDetails): void
}
