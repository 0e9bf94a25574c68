import type { SchedulerPlugin } from '../framework.js'

/** A pod that names its node goes there or nowhere. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  filter: ({ pod: { spec } }) =>
    spec.nodeName
      ? ({ name }) =>
          name === spec.nodeName
            ? undefined
            : { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }
      : undefined,
}
