import type { ContainerStatus, Pod } from '../api/core/v1/index.js'
import type { ContainerStatuses } from './container-statuses.js'

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed'

/**
 * The one word that sums up a pod (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase).
 * `over`: no container will run any more, whatever the restart policy says.
 */
export function podPhase(pod: Pod, { init, regular }: ContainerStatuses, over: boolean): PodPhase {
  const policy = pod.spec.restartPolicy || 'Always'
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(c => c.restartPolicy === 'Always').map(c => c.name))
  const plainInit = init.filter(({ name }) => !sidecars.has(name))
  const once = (name: string) =>
    (pod.spec.initContainers?.find(container => container.name === name)?.restartPolicy || policy) === 'Never'
  if (plainInit.some(status => once(status.name) && hasFailed(status))) return 'Failed'
  const running = regular.filter(({ state }) => state?.running).length
  const stopped = regular.filter(hasStopped)
  if (over) return regular.length > 0 && regular.every(hasSucceeded) ? 'Succeeded' : 'Failed'
  const begun = running + stopped.length > 0
  const pendingInit = plainInit.some(({ state }) => state.terminated?.exitCode !== 0)
  const pendingSidecar = init.some(({ name, state, started }) => sidecars.has(name) && !state?.terminated && !started)
  if (!begun && (pendingInit || pendingSidecar)) return 'Pending'
  if (regular.length > running + stopped.length) return 'Pending'
  if (running > 0 || policy === 'Always') return 'Running'
  if (stopped.every(hasSucceeded)) return 'Succeeded'
  return policy === 'Never' ? 'Failed' : 'Running'
}

const hasFailed = ({ state, lastState }: ContainerStatus): boolean =>
  ((state?.terminated ?? lastState?.terminated)?.exitCode ?? 0) !== 0

const hasStopped = ({ state, lastState }: ContainerStatus): boolean =>
  Boolean(state?.terminated ?? (state?.running ? undefined : lastState?.terminated))

const hasSucceeded = ({ state }: ContainerStatus): boolean => state?.terminated?.exitCode === 0
