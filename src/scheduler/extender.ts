import type { Pod } from '../api/core/v1/index.js'
import type { Rejection } from './framework.js'
import type { NodeInfo } from './node-info.js'
import type { Victims } from './preemption/victims.js'

/** What an extender makes of nodes. */
export interface ExtenderFilterResult {
  readonly nodes: readonly NodeInfo[]
  readonly rejections: ReadonlyMap<string, Rejection>
}

/**
 * A program outside that has its say in scheduling, at the verbs it has functions for.
 * https://kubernetes.io/docs/reference/config-api/kube-scheduler-config.v1/#kubescheduler-config-k8s-io-v1-Extender
 */
export interface Extender {
  readonly name: string
  /** Scheduling goes on without it if it fails. */
  readonly ignorable: boolean
  /** Whether it is asked about a pod at all. */
  readonly concerns: (pod: Pod) => boolean
  readonly filter?: (pod: Pod, nodes: readonly NodeInfo[]) => Promise<ExtenderFilterResult>
  /** Scores by node, weighed, to be added to those of the plugins. */
  readonly prioritize?: (pod: Pod, nodes: readonly NodeInfo[]) => Promise<ReadonlyMap<string, number>>
  /** Of the nodes with those who would have to go, which it agrees to, and with whom. */
  readonly preempt?: (pod: Pod, victims: ReadonlyMap<string, Victims>) => Promise<ReadonlyMap<string, Victims>>
  /** Binds the pod in place of the scheduler. */
  readonly bind?: (pod: Pod, node: string) => Promise<void>
}
