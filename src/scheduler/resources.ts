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

const statusesOf = ({ status }: Pick<Pod, 'status'>): readonly Status[] => [
  ...(status.containerStatuses ?? []),
  ...(status.initContainerStatuses ?? []),
]

/** Amounts as a status tells of them. */
interface Granted {
  readonly resources?: { readonly requests?: { readonly [resource: string]: string } }
  readonly allocatedResources?: { readonly [resource: string]: string }
}

/** Whether a pod or one of its containers has, or has been promised, something else than the pod's spec asks for. */
function isResizing({ spec, status }: Pod): boolean {
  if (!status.containerStatuses && !status.resources) return false
  const differs = ({ resources, allocatedResources }: Granted, asked: Granted['allocatedResources']) =>
    resizable.some(resource =>
      [resources?.requests?.[resource], allocatedResources?.[resource]].some(
        amount => amount !== undefined && asked?.[resource] !== undefined && amount !== asked[resource],
      ),
    )
  return (
    differs(status, spec.resources?.requests) ||
    statusesOf({ status }).some(each =>
      differs(each, spec.containers.find(({ name }) => name === each.name)?.resources?.requests),
    )
  )
}

/** Until it is resized, a pod takes the most of what it asks for, what it has, and what it has been promised. */
function whileResizing({ spec, status }: Pod): Pod['spec'] {
  const statuses = new Map(statusesOf({ status }).map(each => [each.name, each]))
  // What the node can never give is not waited for.
  const isInfeasible = (status.conditions ?? []).some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
  const most = (asked: Granted['allocatedResources'], { resources, allocatedResources }: Granted) => {
    const requests = { ...asked }
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
    return requests
  }
  const containers = spec.containers.map(container => {
    const requests = most(container.resources?.requests, statuses.get(container.name) ?? {})
    return { ...container, resources: { ...container.resources, requests } }
  })
  if (!spec.resources) return { ...spec, containers }
  return { ...spec, containers, resources: { ...spec.resources, requests: most(spec.resources.requests, status) } }
}

const greater = (left: string, right: string): boolean =>
  compareQuantities(parseQuantity(left), parseQuantity(right)) > 0
