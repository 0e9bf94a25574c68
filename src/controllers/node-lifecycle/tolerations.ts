import type { Taint, Toleration } from '../../api/core/v1/index.js'
import { tolerates } from '../../api/core/v1/tolerates.js'

/** Taints that send pods away. */
export const evictionTaints = (taints: readonly Taint[] | undefined): readonly Taint[] =>
  (taints ?? []).filter(({ effect }) => effect === 'NoExecute')

/** How long, in ms, a taint is tolerated: 0 if it is not, infinitely if nothing limits it. */
export function toleratedFor(tolerations: readonly Toleration[] | undefined, taint: Taint): number {
  const toleration = (tolerations ?? []).find(candidate => tolerates(candidate, taint))
  if (!toleration) return 0
  const { tolerationSeconds } = toleration
  return tolerationSeconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, tolerationSeconds * 1000)
}
