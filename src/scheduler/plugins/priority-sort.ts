import type { SchedulerPlugin } from '../framework.js'

/** The pod with the higher priority first, then the one that has waited longer. */
export const prioritySort: SchedulerPlugin = {
  name: 'PrioritySort',
  queueSort: (a, b) => (b.pod.spec.priority ?? 0) - (a.pod.spec.priority ?? 0) || a.timestamp - b.timestamp,
}
