import {
  addQuantities,
  compareQuantities,
  milliValue,
  parseQuantity,
  type Quantity,
  quantityValue,
} from '../../../machinery/quantity.js'
import type { Container } from './container.js'
import type { Pod } from './pod.js'

/** Amounts by resource name. */
export interface Bag<T> {
  readonly [resource: string]: T
}

/** How amounts are read and combined: as numbers where many pods are compared, exactly where people read them. */
interface Arithmetic<T> {
  read(resource: string, text: string): T
  add(a: T, b: T): T
  greater(a: T, b: T): T
}

/** Thousandths of a core for cpu, whole units (bytes, pieces) for everything else. */
const numbers: Arithmetic<number> = {
  read: (resource, text) => (resource === 'cpu' ? milliValue(text) : quantityValue(text)),
  add: (a, b) => a + b,
  greater: Math.max,
}

const quantities: Arithmetic<Quantity> = {
  read: (_, text) => parseQuantity(text),
  add: addQuantities,
  greater: (a, b) => (compareQuantities(a, b) < 0 ? b : a),
}

type Bound = 'requests' | 'limits'

/**
 * What a pod asks for, or may use at most: its containers and sidecars together, or its most demanding step of
 * initialization if that is more, and its overhead. Amounts of the pod as a whole stand in for those of its containers.
 * https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
 */
function combined<T>({ spec }: Pick<Pod, 'spec'>, bound: Bound, how: Arithmetic<T>, assumed: Bag<T> = {}): Bag<T> {
  const merge = (into: Bag<T>, from: Bag<T>, combine: (a: T, b: T) => T): Bag<T> => {
    const result: Record<string, T> = { ...into }
    for (const [name, amount] of Object.entries(from)) {
      const known = result[name]
      result[name] = known === undefined ? amount : combine(known, amount)
    }
    return result
  }
  const read = (amounts: { readonly [resource: string]: string } | undefined): Bag<T> => {
    const result: Record<string, T> = {}
    for (const [name, text] of Object.entries(amounts ?? {})) result[name] = how.read(name, text)
    return result
  }
  const of = ({ resources }: Container): Bag<T> => ({ ...assumed, ...read(resources?.[bound]) })

  let running: Bag<T> = {}
  for (const container of spec.containers ?? []) running = merge(running, of(container), how.add)
  let sidecars: Bag<T> = {}
  let initializing: Bag<T> = {}
  for (const container of spec.initContainers ?? []) {
    const needed = merge(sidecars, of(container), how.add)
    initializing = merge(initializing, needed, how.greater)
    if (container.restartPolicy === 'Always') sidecars = needed
  }
  const containers = merge(merge(running, sidecars, how.add), initializing, how.greater)
  const whole: Bag<T> = { ...containers, ...read(spec.resources?.[bound]) }
  const overhead = read(spec.overhead)
  if (bound === 'requests') return merge(whole, overhead, how.add)
  // What has no limit has none with overhead either.
  const limited = Object.entries(overhead).filter(([name]) => whole[name] !== undefined)
  return merge(whole, Object.fromEntries(limited), how.add)
}

/** cpu in thousandths of a core, everything else in whole units. `assumed` is what a container that asks for nothing counts with. */
export const podRequests = (pod: Pick<Pod, 'spec'>, assumed?: Bag<number>): Bag<number> =>
  combined(pod, 'requests', numbers, assumed)

/** As exact quantities. */
export const podRequestQuantities = (pod: Pick<Pod, 'spec'>): Bag<Quantity> => combined(pod, 'requests', quantities)

/** As exact quantities; only of resources that are limited. */
export const podLimitQuantities = (pod: Pick<Pod, 'spec'>): Bag<Quantity> => combined(pod, 'limits', quantities)

/** The amounts of a list of resources: cpu in thousandths of a core, everything else in whole units. */
export function amountsOf(list: { readonly [resource: string]: string } | undefined): Bag<number> {
  const result: Record<string, number> = {}
  for (const [name, text] of Object.entries(list ?? {})) result[name] = numbers.read(name, text)
  return result
}
