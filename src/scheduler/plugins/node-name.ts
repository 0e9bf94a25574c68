import type { SchedulerPlugin } from '../framework.js'
import { nodeInterest } from '../hints.js'

/** A pod that names its node goes there or nowhere. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  events: [nodeInterest(['add'], ({ spec }, { metadata }) => spec.nodeName === metadata.name)],
  filter: ({ pod: { spec } }) =>
    spec.nodeName
      ? ({ name }) =>
          name === spec.nodeName
            ? undefined
            : { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }
      : undefined,
}
