import type { Node, Pod } from '../api/core/v1/index.js'
import { addQuantities, formatQuantity, parseQuantity, type Quantity, zeroQuantity } from '../machinery/quantity.js'

/** What a pod, or a node, uses: quantities of `cpu` and `memory`. */
export type SimulatedUsage = { readonly cpu: string; readonly memory: string }

/** By these annotations a pod of a simulated node says what each of its containers uses. */
const annotations = { cpu: 'simulation.typernetes.io/cpu', memory: 'simulation.typernetes.io/memory' } as const

/** Whether a node only pretends to run its pods. */
export const isSimulated = ({ metadata }: Node): boolean => metadata.labels?.['node.typernetes.io/simulated'] === 'true'

/** What each container of a simulated pod uses: nothing, as nothing runs, unless the pod says otherwise. */
export const containerUsage = (pod: Pod): SimulatedUsage => ({
  cpu: formatQuantity(said(pod, annotations.cpu)),
  memory: formatQuantity(said(pod, annotations.memory)),
})

/** What a simulated node uses that runs these pods. */
export function nodeUsage(pods: readonly Pod[]): SimulatedUsage {
  const sum = (annotation: string) =>
    formatQuantity(
      pods
        .flatMap(pod => pod.spec.containers.map(() => said(pod, annotation)))
        .reduce((total, part) => addQuantities(total, part), zeroQuantity),
    )
  return { cpu: sum(annotations.cpu), memory: sum(annotations.memory) }
}

function said({ metadata }: Pod, annotation: string): Quantity {
  const text = metadata.annotations?.[annotation]
  if (text === undefined) return zeroQuantity
  try {
    const value = parseQuantity(text)
    return value.nanos < 0n ? zeroQuantity : value
  } catch {
    // Nobody checks annotations.
    return zeroQuantity
  }
}
