import type { Pod } from '../api/core/v1/index.js'
import type { KillCause, Verdict } from './pod-actions.js'
import type { PodContainer } from './pod-containers.js'

const usualGracePeriod = 30
/** Even who wants no delay gets this long: a process must have a chance to notice. Seconds. */
const shortestGracePeriod = 1

/** How long a pod's containers get to end, in milliseconds. */
export function podGracePeriod({ metadata, spec }: Pod, verdict?: Verdict): number {
  const seconds =
    verdict?.gracePeriod ??
    metadata.deletionGracePeriodSeconds ??
    spec.terminationGracePeriodSeconds ??
    usualGracePeriod
  return Math.max(seconds, shortestGracePeriod) * 1000
}

/** The same for one container that is killed while its pod goes on: a probe may have a period of its own. */
export function killGracePeriod(pod: Pod, { spec }: PodContainer, cause: KillCause): number {
  const probe = cause === 'liveness' ? spec.livenessProbe : cause === 'startup' ? spec.startupProbe : undefined
  const seconds = probe?.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? usualGracePeriod
  return Math.max(seconds, shortestGracePeriod) * 1000
}
