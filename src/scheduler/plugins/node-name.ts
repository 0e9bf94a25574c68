import type { Rejection, SchedulerPlugin } from '../framework.js'
import { nodeInterest } from '../hints.js'

const elsewhere: Rejection = { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }

/** A pod that names its node goes there or nowhere. */
export const nodeName: SchedulerPlugin = {
  name: 'NodeName',
  events: [nodeInterest(['add'], ({ spec }, { metadata }) => spec.nodeName === metadata.name)],
  filter: ({ pod: { spec } }) =>
    spec.nodeName
      ? {
          filter: ({ name }) => (name === spec.nodeName ? undefined : elsewhere),
          signature: spec.nodeName,
        }
      : undefined,
}
