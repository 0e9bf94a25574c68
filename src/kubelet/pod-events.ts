import type { Pod } from '../api/core/v1/index.js'
import type { EventRecorder, EventType } from '../client/events.js'
import type { WaitReason } from './container-statuses.js'
import { errorText } from './error-text.js'
import { goDuration } from './go-duration.js'
import { findContainer, type PodContainer } from './pod-containers.js'
import type { CheckResult } from './probes/check-result.js'
import type { ProbeType } from './probes/container-prober.js'
import type { VolumesNotReady } from './volumes/pod-volumes.js'

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
    return (type, reason, message) => this.recorder.record(this.pod(), type, reason, message, { fieldPath })
  }

  /** A probe that did not succeed, or not as it should. */
  unhealthy(container: PodContainer, type: ProbeType, { outcome, output, isWarning }: CheckResult): void {
    const what = `${type.charAt(0).toUpperCase()}${type.slice(1)} probe`
    if (isWarning) {
      this.of(container)('Warning', 'ProbeWarning', `${what} warning: ${output}`)
      return
    }
    const how = outcome === 'unknown' ? 'errored and resulted in unknown state' : 'failed'
    this.of(container)('Warning', 'Unhealthy', `${what} ${how}: ${output}`)
  }

  /** A container that keeps ending is left alone for a while. */
  backOff(container: PodContainer): void {
    const message = `Back-off restarting failed container ${container.spec.name} in pod ${podName(this.pod())}`
    this.of(container)('Warning', 'BackOff', message)
  }

  /** Volumes that could not be made ready. */
  failedMounts({ failures }: VolumesNotReady): void {
    for (const { volume, error } of failures)
      this.record('Warning', 'FailedMount', `MountVolume.SetUp failed for volume "${volume}" : ${errorText(error)}`)
  }

  ofName(name: string): (type: EventType, reason: string, message: string) => void {
    const container = findContainer(this.pod(), name)
    return container ? this.of(container) : (...event) => this.record(...event)
  }
}

/** Why a container that keeps ending waits; `delay` in milliseconds. */
export const crashLoopWait = (pod: Pod, { spec }: PodContainer, delay: number): WaitReason => ({
  reason: 'CrashLoopBackOff',
  message: `back-off ${goDuration(delay)} restarting failed container=${spec.name} pod=${podName(pod)}`,
})

/** `web_default(uid)`: how messages name a pod. */
const podName = ({ metadata }: Pod): string => `${metadata.name}_${metadata.namespace}(${metadata.uid})`
