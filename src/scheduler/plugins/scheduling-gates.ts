import type { SchedulerPlugin } from '../framework.js'

/** A pod with gates waits until somebody has taken the last one away. */
export const schedulingGates: SchedulerPlugin = {
  name: 'SchedulingGates',
  // The end of its gates is a change of the pod itself, which lets it in.
  events: [],
  preEnqueue: ({ spec }) =>
    spec.schedulingGates?.length
      ? `waiting for scheduling gates: [${spec.schedulingGates.map(({ name }) => name).join(' ')}]`
      : undefined,
}
