import { Node, Pod } from '../api/core/v1/index.js'
import { decodeJson } from '../schema/index.js'
import { chooseNode } from './choose-node.js'
import { ClusterState } from './cluster-state.js'
import type { SchedulerPlugin, SchedulingCycle } from './framework.js'
import type { PluginHandle } from './plugin-handle.js'
import { builtInPlugins } from './plugins/index.js'
import type { Surroundings } from './surroundings.js'

/** For tests: a pod with one container. Its name is its uid. */
export const podOf = (name: string, labels: object = {}, spec: object = {}, metadata: object = {}): Pod =>
  decodeJson(Pod, {
    metadata: { name, namespace: 'default', uid: name, labels, ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  }) as Pod

/** For tests: a roomy node with its host name, in a zone if one is given. */
export const nodeOf = (name: string, zone?: string, spec: object = {}, labels: object = {}): Node =>
  decodeJson(Node, {
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}), ...labels },
    },
    spec,
    status: { allocatable: { cpu: '64', memory: '64Gi', pods: '100' } },
  }) as Node

export type Placed = readonly (readonly [Pod, string])[]

/** For tests: nodes, and the pods on them. */
export function clusterOf(nodes: readonly Node[], placed: Placed = [], surroundings?: Surroundings): ClusterState {
  const state = new ClusterState(surroundings)
  for (const node of nodes) state.setNode(node)
  for (const [pod, node] of placed) state.assume(pod, node)
  return state
}

/** For tests: a built-in plugin without anything to work with. */
export function pluginOf(name: string, args?: unknown): SchedulerPlugin {
  const make = builtInPlugins[name]
  if (!make) throw new Error(`there is no plugin ${name}`)
  return make({} as PluginHandle, args)
}

/** For tests: the built-in plugins without anything to work with, which filters and scores do not need. */
export const defaultPlugins: readonly SchedulerPlugin[] = Object.keys(builtInPlugins).map(name => pluginOf(name))

/** For tests: an attempt to place a pod. */
export const cycleOf = (pod: Pod, snapshot: ClusterState): SchedulingCycle => ({
  pod,
  snapshot,
  signal: new AbortController().signal,
})

/** For tests: the node that is chosen, or why there is none. */
export function placement(pod: Pod, state: ClusterState): string {
  const choice = chooseNode(pod, state, defaultPlugins, { random: () => 0.5 })
  return choice.node ?? choice.message
}
