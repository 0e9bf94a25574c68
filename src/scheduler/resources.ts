import { amountsOf, type Bag, type Pod, podRequests } from '../api/core/v1/index.js'

/** Amounts by resource name: cpu in thousandths of a core, everything else in whole units (bytes, pieces). */
export type Amounts = Bag<number>

export const amounts = amountsOf

/** What a container that asks for nothing is counted with when nodes are compared, never when they are filled. */
const assumed: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 }

export interface PodRequest {
  /** What must be free on a node. */
  readonly requested: Amounts
  /** The same, with an assumed amount for containers that ask for no cpu or memory: for comparing nodes. */
  readonly compared: Amounts
}

const known = new WeakMap<Pod['spec'], PodRequest>()

/** What a pod needs; worked out once for each. */
export function podRequest(pod: Pod): PodRequest {
  let request = known.get(pod.spec)
  if (!request) {
    request = { requested: podRequests(pod), compared: podRequests(pod, assumed) }
    known.set(pod.spec, request)
  }
  return request
}
