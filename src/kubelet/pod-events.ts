import type { Pod } from '../api/core/v1/index.js'
import type { EventRecorder, EventType } from '../client/events.js'
import { findContainer, type PodContainer } from './pod-containers.js'

/** Records what happens to one pod. */
export class PodEvents {
  constructor(
    readonly recorder: EventRecorder,
    readonly pod: () => Pod,
  ) {}

  record(type: EventType, reason: string, message: string): void {
    this.recorder.record(this.pod(), type, reason, message)
  }

  /** The same for one of its containers. */
  of({ fieldPath }: Pick<PodContainer, 'fieldPath'>): (type: EventType, reason: string, message: string) => void {
    return (type, reason, message) => this.recorder.record(this.pod(), type, reason, message, fieldPath)
  }

  ofName(name: string): (type: EventType, reason: string, message: string) => void {
    const container = findContainer(this.pod(), name)
    return container ? this.of(container) : (...event) => this.record(...event)
  }
}
