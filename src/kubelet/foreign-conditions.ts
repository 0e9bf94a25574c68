import type { PodStatus } from '../api/core/v1/index.js'

/** Conditions of a pod that its node alone writes. */
const own: ReadonlySet<string> = new Set(['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'])

/** Takes over the conditions of others (readiness gates, disruption) from what the API server has. */
export function withForeignConditions(status: PodStatus, stored: PodStatus): PodStatus {
  const mine = (status.conditions ?? []).filter(({ type }) => own.has(type))
  const foreign = (stored.conditions ?? []).filter(({ type }) => !own.has(type))
  return { ...status, conditions: [...mine, ...foreign] }
}
