import type { Pod } from '../../api/core/v1/index.js'

/** Who would have to leave a node so that a pod can have it. */
export interface Victims {
  /** The most important first. */
  readonly pods: readonly Pod[]
  /** How many of them would leave against the word of a PodDisruptionBudget. */
  readonly violations: number
}
