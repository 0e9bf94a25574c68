import { Node } from '../../api/core/v1/index.js'
import { type Controller, controller } from '../../client/controller.js'
import { isNotFound } from '../../machinery/status-error.js'

const annotation = 'node.alpha.kubernetes.io/ttl'

/** Up to how many nodes a step holds, and below how many it is left again: a cluster at an edge does not waver. */
const steps: readonly { readonly least: number; readonly most: number; readonly seconds: number }[] = [
  { least: 0, most: 100, seconds: 0 },
  { least: 90, most: 500, seconds: 15 },
  { least: 450, most: 1000, seconds: 30 },
  { least: 900, most: 10_000, seconds: 60 },
  { least: 9000, most: Number.POSITIVE_INFINITY, seconds: 300 },
]

/** How long kubelets of a cluster of so many nodes may use what they know of objects, in seconds. */
export function secondsFor(nodes: number, before: number): number {
  let at = Math.max(
    0,
    steps.findIndex(({ seconds }) => seconds === before),
  )
  while (nodes > (steps[at]?.most ?? Number.POSITIVE_INFINITY)) at++
  while (nodes < (steps[at]?.least ?? 0)) at--
  return steps[at]?.seconds ?? 0
}

/** Tells kubelets how long they may use what they know of secrets and config maps: the longer, the more nodes ask. */
export function ttl(): Controller {
  let seconds = 0
  return controller({
    name: 'ttl',
    watches: { for: Node },
    async reconcile(key, { get, list, client }) {
      seconds = secondsFor(list(Node).length, seconds)
      const node = get(Node, key)
      if (!node || node.metadata.annotations?.[annotation] === String(seconds)) return undefined
      try {
        await client.patch(Node, node.metadata, {
          type: 'strategic',
          body: { metadata: { annotations: { [annotation]: String(seconds) } } },
        })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
      return undefined
    },
  })
}
