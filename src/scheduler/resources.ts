import type { Container, Pod } from '../api/core/v1/index.js'
import { milliValue, quantityValue } from '../machinery/quantity.js'

/** Amounts by resource name: cpu in thousandths of a core, everything else in whole units (bytes, pieces). */
export type Amounts = { readonly [resource: string]: number }

/** What a container that asks for nothing is counted with when nodes are compared, never when they are filled. */
const assumed: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 }

export function amounts(quantities: { readonly [resource: string]: string } | undefined): Amounts {
  const result: Record<string, number> = {}
  for (const [name, quantity] of Object.entries(quantities ?? {}))
    result[name] = name === 'cpu' ? milliValue(quantity) : quantityValue(quantity)
  return result
}

export function add(left: Amounts, right: Amounts): Amounts {
  const result: Record<string, number> = { ...left }
  for (const [name, amount] of Object.entries(right)) result[name] = (result[name] ?? 0) + amount
  return result
}

function greatest(left: Amounts, right: Amounts): Amounts {
  const result: Record<string, number> = { ...left }
  for (const [name, amount] of Object.entries(right)) result[name] = Math.max(result[name] ?? 0, amount)
  return result
}

export interface PodRequest {
  /** What must be free on a node. */
  readonly requested: Amounts
  /** The same, with an assumed amount for containers that ask for no cpu or memory: for comparing nodes. */
  readonly compared: Amounts
}

const known = new WeakMap<Pod['spec'], PodRequest>()

/**
 * What a pod needs: its containers and sidecars together, or its most demanding step of initialization if that is more,
 * and its overhead. https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
export function podRequest(pod: Pod): PodRequest {
  let request = known.get(pod.spec)
  if (!request) {
    request = { requested: sum(pod, {}), compared: sum(pod, assumed) }
    known.set(pod.spec, request)
  }
  return request
}

function sum({ spec }: Pod, otherwise: Amounts): Amounts {
  const of = ({ resources }: Container): Amounts => ({ ...otherwise, ...amounts(resources?.requests) })
  let running: Amounts = {}
  for (const container of spec.containers) running = add(running, of(container))
  let sidecars: Amounts = {}
  let initializing: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') {
      sidecars = add(sidecars, of(container))
      initializing = greatest(initializing, sidecars)
    } else initializing = greatest(initializing, add(sidecars, of(container)))
  }
  const containers = greatest(add(running, sidecars), initializing)
  // Requests of the pod as a whole stand in for those of its containers.
  const whole = amounts(spec.resources?.requests)
  return add({ ...containers, ...whole }, amounts(spec.overhead))
}
