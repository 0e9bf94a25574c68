import type { Pod } from '../api/core/v1/index.js'
import type { PodContainer } from './pod-containers.js'

/**
 * Whether a container that ended with `exitCode` is to run again. A container's own rules and policy go before the
 * pod's (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts). An init container of a
 * pod with policy Always is repeated until it succeeds.
 */
export function shouldRestart(pod: Pod, { role, spec }: PodContainer, exitCode: number): boolean {
  if (role === 'sidecar') return true
  if (role === 'ephemeral') return false
  for (const { action, exitCodes } of spec.restartPolicyRules ?? []) {
    if (action !== 'Restart' || !exitCodes) continue
    if ((exitCodes.values ?? []).includes(exitCode) === (exitCodes.operator === 'In')) return true
  }
  switch (spec.restartPolicy || pod.spec.restartPolicy || 'Always') {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return role === 'regular' || exitCode !== 0
  }
}
