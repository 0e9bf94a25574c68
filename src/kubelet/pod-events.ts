import type { Pod } from '../api/core/v1/index.js'
import type { EventRecorder, EventType } from '../client/events.js'
import { findContainer, type PodContainer } from './pod-containers.js'
import type { CheckResult } from './probes/check-result.js'
import type { ProbeType } from './probes/container-prober.js'

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

  /** A probe that did not succeed. */
  unhealthy(container: PodContainer, type: ProbeType, { outcome, output }: CheckResult): void {
    const what = `${type.charAt(0).toUpperCase()}${type.slice(1)} probe`
    const how = outcome === 'unknown' ? 'errored and resulted in unknown state' : 'failed'
    this.of(container)('Warning', 'Unhealthy', `${what} ${how}: ${output}`)
  }

  ofName(name: string): (type: EventType, reason: string, message: string) => void {
    const container = findContainer(this.pod(), name)
    return container ? this.of(container) : (...event) => this.record(...event)
  }
}
