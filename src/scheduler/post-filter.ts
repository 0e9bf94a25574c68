import { type Infeasible, type PostFilterResult, Unschedulable } from './framework.js'
import type { PointStatus } from './scheduler-metrics.js'
import type { SchedulingAttempt } from './scheduling-attempt.js'

/** Asks the plugins in turn what can be done for a pod that no node would have; what they say goes into one message. */
export async function postFilter(
  attempt: SchedulingAttempt,
  infeasible: Infeasible,
  onError: (error: unknown) => void,
): Promise<(PostFilterResult & { readonly status: PointStatus }) | undefined> {
  const messages: string[] = []
  let nominatedNode: string | undefined
  for (const plugin of attempt.profile.postFilter) {
    try {
      const ask = () => plugin.postFilter(attempt, infeasible)
      const result = await (attempt.observer ? attempt.observer.run(plugin.name, 'PostFilter', ask) : ask())
      if (!result) continue
      // Room will be made: there is nothing to complain of.
      if (result.nominatedNode) return { message: '', nominatedNode: result.nominatedNode, status: 'Success' }
      if (result.nominatedNode === '') nominatedNode = ''
      if (result.message) messages.push(result.message)
    } catch (error) {
      if (!(error instanceof Unschedulable)) onError(error)
      const message = error instanceof Error ? error.message : String(error)
      return { message, status: error instanceof Unschedulable ? 'Unschedulable' : 'Error' }
    }
  }
  if (messages.length === 0) return undefined
  return {
    message: messages.join(', '),
    status: 'Unschedulable',
    ...(nominatedNode === undefined ? {} : { nominatedNode }),
  }
}
