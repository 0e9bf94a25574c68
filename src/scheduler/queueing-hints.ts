import type { Pod } from '../api/core/v1/index.js'
import { type ClusterEvent, covers, eventLabel } from './cluster-event.js'
import type { Profile } from './profile.js'
import type { SchedulerMetrics } from './scheduler-metrics.js'

/** The plugin that holds the pod back before it is tried. */
export const gateOf = (profile: Profile | undefined, pod: Pod): string | undefined =>
  profile?.preEnqueue.find(({ preEnqueue }) => preEnqueue(pod) !== undefined)?.name

/** Whether an event may help a pod that these plugins have rejected, by their own word. */
export function mayHelp(
  profile: Profile | undefined,
  pod: Pod,
  plugins: ReadonlySet<string>,
  event: ClusterEvent,
  metrics?: Pick<SchedulerMetrics, 'hinted'>,
): boolean {
  // What a pod gives back because it was rejected late does not help itself.
  if (event.of !== 'waitingPod' && event.old?.metadata.uid === pod.metadata.uid) return false
  for (const { name, events } of profile?.plugins ?? []) {
    if (!plugins.has(name)) continue
    if (!events) return true
    for (const interest of events) {
      if (!covers(interest, event)) continue
      const { helps } = interest
      if (!helps) return true
      const began = performance.now()
      const helped = helps(pod, event)
      metrics?.hinted(name, eventLabel(event), helped, performance.now() - began)
      if (helped) return true
    }
  }
  return false
}
