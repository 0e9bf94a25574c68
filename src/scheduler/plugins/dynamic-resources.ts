import type { SchedulerPlugin } from '../framework.js'

/** Says of pods that no node would have that giving back device claims would not help. */
export const dynamicResources: SchedulerPlugin = {
  name: 'DynamicResources',
  events: [],
  postFilter({ pod }, { filters }) {
    // A pod that was rejected as a whole never came to where its device claims are looked at.
    if (!filters) throw new Error('not found')
    return { message: pod.spec.resourceClaims?.length ? 'still not schedulable' : 'no new claims to deallocate' }
  },
}
