import { amountsOf, type Bag, type Pod, podRequests } from '../api/core/v1/index.js'
import { compareQuantities, parseQuantity } from '../machinery/quantity.js'

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
const resizing = new WeakMap<Pod, PodRequest>()

/** What a pod needs; worked out once for each. */
export function podRequest(pod: Pod): PodRequest {
  if (isResizing(pod)) {
    let request = resizing.get(pod)
    if (!request) resizing.set(pod, (request = requestOf({ spec: whileResizing(pod) })))
    return request
  }
  let request = known.get(pod.spec)
  if (!request) known.set(pod.spec, (request = requestOf(pod)))
  return request
}

/** A newer version of a pod, whose spec is the same, needs what it needed before. */
export function keepRequest(pod: Pod, old: Pod): void {
  const request = known.get(old.spec)
  if (request && !known.has(pod.spec)) known.set(pod.spec, request)
}

const requestOf = (pod: Pick<Pod, 'spec'>): PodRequest => ({
  requested: podRequests(pod),
  compared: podRequests(pod, assumed),
})

/** What can be changed while a pod runs. */
const resizable = ['cpu', 'memory']

type Status = NonNullable<Pod['status']['containerStatuses']>[number]

const statusesOf = ({ status }: Pod): readonly Status[] => [
  ...(status.containerStatuses ?? []),
  ...(status.initContainerStatuses ?? []),
]

/** Whether a container has, or has been promised, something else than its pod's spec asks for. */
function isResizing(pod: Pod): boolean {
  if (!pod.status.containerStatuses) return false
  return statusesOf(pod).some(({ name, resources, allocatedResources }) => {
    const spec = pod.spec.containers.find(container => container.name === name)?.resources?.requests
    return resizable.some(resource =>
      [resources?.requests?.[resource], allocatedResources?.[resource]].some(
        amount => amount !== undefined && spec?.[resource] !== undefined && amount !== spec[resource],
      ),
    )
  })
}

/** Until it is resized, a pod takes the most of what it asks for, what it has, and what it has been promised. */
function whileResizing(pod: Pod): Pod['spec'] {
  const { spec, status } = pod
  const statuses = new Map(statusesOf(pod).map(each => [each.name, each]))
  // What the node can never give is not waited for.
  const isInfeasible = (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
  const containers = spec.containers.map(container => {
    const { resources, allocatedResources } = statuses.get(container.name) ?? {}
    const requests = { ...container.resources?.requests }
    for (const resource of resizable) {
      const amounts = [
        ...(isInfeasible ? [] : [requests[resource]]),
        resources?.requests?.[resource],
        allocatedResources?.[resource],
      ].flatMap(text => text ?? [])
      const [first, ...others] = amounts
      if (first !== undefined && requests[resource] !== undefined)
        requests[resource] = others.reduce((most, text) => (greater(text, most) ? text : most), first)
    }
    return { ...container, resources: { ...container.resources, requests } }
  })
  return { ...spec, containers }
}

const greater = (left: string, right: string): boolean =>
  compareQuantities(parseQuantity(left), parseQuantity(right)) > 0
