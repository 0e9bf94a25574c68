import type { Rejection } from '../framework.js'
import type { NodeInfo } from '../node-info.js'
import { selectVictims } from './select-victims.js'
import type { Victims } from './victims.js'

/** Kinds of pods that are remembered; those that came least recently are forgotten first. */
const kept = 8

interface Remembered {
  readonly version: number
  readonly result: Victims | Rejection
}

/**
 * `selectVictims` that tries a node only once for pods of a kind, as long as the node stays as it is. Where budgets have
 * a say, or a plugin looks at more than the node, it tries every time. Not for pods that are nominated themselves.
 */
export function rememberingVictims(): typeof selectVictims {
  const kinds = new Map<string, WeakMap<NodeInfo, Remembered>>()
  return (pod, node, filters, budgets) => {
    const { signature } = filters
    if (signature === undefined || budgets.length > 0) return selectVictims(pod, node, filters, budgets)
    let nodes = kinds.get(signature)
    if (!nodes) {
      kinds.set(signature, (nodes = new WeakMap()))
      const [oldest] = kinds.keys()
      if (kinds.size > kept && oldest !== undefined) kinds.delete(oldest)
    }
    const { version } = node
    const known = nodes.get(node)
    if (known?.version === version) return known.result
    const result = selectVictims(pod, node, filters, budgets)
    nodes.set(node, { version, result })
    return result
  }
}
