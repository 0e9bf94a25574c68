import type { SchedulerPlugin } from '../framework.js'

/** A pod with gates waits until somebody has taken the last one away. */
export const schedulingGates: SchedulerPlugin = {
  name: 'SchedulingGates',
  preEnqueue: ({ spec }) =>
    spec.schedulingGates?.length
      ? `waiting for scheduling gates: [${spec.schedulingGates.map(({ name }) => name).join(' ')}]`
      : undefined,
}
