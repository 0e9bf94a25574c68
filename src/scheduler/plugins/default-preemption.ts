import { countedReasons, type SchedulerPlugin } from '../framework.js'

/** Says what evicting pods of lower priority would do. */
export const defaultPreemption: SchedulerPlugin = {
  name: 'DefaultPreemption',
  events: [],
  postFilter({ pod: { spec }, snapshot }, { rejections, others }) {
    if (spec.preemptionPolicy === 'Never') return { message: 'preemption: not eligible due to preemptionPolicy=Never.' }
    const reasons: [string, number][] = []
    for (const node of snapshot.nodes) {
      const rejection = rejections.get(node.name) ?? others
      if (!rejection || rejection.unresolvable) reasons.push(['Preemption is not helpful for scheduling', 1])
      else if (node.hasPodsBelow(spec.priority ?? 0)) return undefined
      else reasons.push(['No preemption victims found for incoming pod', 1])
    }
    return { message: `preemption: 0/${snapshot.nodes.length} nodes are available: ${countedReasons(reasons)}.` }
  },
}
