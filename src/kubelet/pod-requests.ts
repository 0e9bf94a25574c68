import type { Container, Pod } from '../api/core/v1/index.js'
import { milliValue, quantityValue } from '../machinery/quantity.js'

/** Amounts by resource: thousandths of a core for cpu, whole units for the others. */
export interface Amounts {
  readonly [resource: string]: number
}

const amounts = (quantities: { readonly [resource: string]: string } = {}): Amounts =>
  Object.fromEntries(
    Object.entries(quantities).map(([name, text]) => [name, name === 'cpu' ? milliValue(text) : quantityValue(text)]),
  )

const combine = (a: Amounts, b: Amounts, how: (x: number, y: number) => number): Amounts =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map(key => [key, how(a[key] ?? 0, b[key] ?? 0)]),
  )

const sum = (all: readonly Amounts[]): Amounts => all.reduce((a, b) => combine(a, b, (x, y) => x + y), {})

/**
 * What a pod asks the node for: its containers and sidecars together, or the most that any init container needs beside
 * the sidecars before it, whichever is more
 * (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers).
 */
export function podRequests({ spec }: Pod): Amounts {
  const of = ({ resources }: Container) => amounts(resources?.requests)
  const before: Amounts[] = []
  let needed: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    const own = of(container)
    needed = combine(needed, sum([...before, own]), Math.max)
    if (container.restartPolicy === 'Always') before.push(own)
  }
  const together = sum([...before, ...spec.containers.map(of)])
  const most = combine(needed, together, Math.max)
  return sum([{ ...most, ...amounts(spec.resources?.requests) }, amounts(spec.overhead)])
}
