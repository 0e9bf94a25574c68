import type { Pod, PodCondition } from '../api/core/v1/index.js'
import { jsonEqual } from '../machinery/json-equal.js'

type State = Pick<Pod, 'metadata' | 'status'>

export const podReadyCondition = ({ status }: State): PodCondition | undefined =>
  status.conditions?.find(({ type }) => type === 'Ready')

export const podReady = (pod: State): boolean => podReadyCondition(pod)?.status === 'True'

/** Since when, in ms, a pod has been ready; undefined if it is not, or does not say. */
export function podReadySince(pod: State): number | undefined {
  const condition = podReadyCondition(pod)
  if (condition?.status !== 'True' || !condition.lastTransitionTime) return undefined
  return Date.parse(condition.lastTransitionTime)
}

/** When, in ms, a pod counts or will count as available; undefined while it is not ready. */
export function podAvailableAt(pod: State, minReadySeconds: number): number | undefined {
  if (!podReady(pod)) return undefined
  if (minReadySeconds === 0) return 0
  const since = podReadySince(pod)
  return since === undefined ? undefined : since + minReadySeconds * 1000
}

/** Its containers have ended for good. */
export const podFinished = ({ status }: State): boolean => status.phase === 'Succeeded' || status.phase === 'Failed'

/** It runs or will run: neither finished nor on its way out. */
export const podActive = (pod: State): boolean => !podFinished(pod) && !pod.metadata.deletionTimestamp

/** On its way out, and not finished yet. */
export const podTerminating = (pod: State): boolean => !podFinished(pod) && pod.metadata.deletionTimestamp !== undefined

/** Whether what a pod's owner counts it by has changed. */
export function countsDifferently(pod: Pod, old: Pod): boolean {
  const ready = podReadyCondition(pod)
  const wasReady = podReadyCondition(old)
  return (
    pod.status.phase !== old.status.phase ||
    pod.spec.nodeName !== old.spec.nodeName ||
    ready?.status !== wasReady?.status ||
    ready?.lastTransitionTime !== wasReady?.lastTransitionTime ||
    pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp ||
    !jsonEqual(pod.metadata.labels, old.metadata.labels)
  )
}
