import type { Infeasible, Rejection } from './framework.js'

/** Nodes that will not do. */
export type JudgedNodes = Pick<Infeasible, 'rejections' | 'counts'>

export function judgedNodes(rejections: ReadonlyMap<string, Rejection>): JudgedNodes {
  const counts = new Map<Rejection, number>()
  for (const rejection of rejections.values()) count(counts, rejection, 1)
  return { rejections, counts }
}

/** The same with further verdicts, which count rather than earlier ones. */
export function judgedFurther(earlier: JudgedNodes, further: ReadonlyMap<string, Rejection>): JudgedNodes {
  if (further.size === 0) return earlier
  const { rejections } = earlier
  const counts = new Map(earlier.counts)
  let { size } = rejections
  for (const [node, rejection] of further) {
    const before = rejections.get(node)
    if (before) count(counts, before, -1)
    else size++
    count(counts, rejection, 1)
  }
  return { rejections: { size, get: node => further.get(node) ?? rejections.get(node) }, counts }
}

function count(counts: Map<Rejection, number>, rejection: Rejection, by: 1 | -1): void {
  const left = (counts.get(rejection) ?? 0) + by
  if (left > 0) counts.set(rejection, left)
  else counts.delete(rejection)
}
