import { Node, Pod } from '../api/core/v1/index.js'
import type { ObjectRef } from '../client/client.js'
import type { AnyKind, Index } from '../client/controller.js'
import type { ApiObject } from '../machinery/object.js'
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

/** For tests: what a server would tell of these objects. */
export function informersOf(objects: readonly ApiObject[] = []): PluginHandle['informers'] {
  const ofKind = (kind: AnyKind) => objects.filter(({ kind: name }) => name === kind.gvk.kind)
  return {
    of: (kind: AnyKind) => ({
      get: ({ namespace = '', name }: ObjectRef) =>
        ofKind(kind).find(({ metadata }) => (metadata.namespace ?? '') === namespace && metadata.name === name),
      list: () => ofKind(kind),
      ownedBy: (uid: string) =>
        ofKind(kind).filter(({ metadata }) => metadata.ownerReferences?.some(owner => owner.uid === uid)),
      by: (index: Index<ApiObject>, key: string) =>
        ofKind(kind).filter(object => [...index.keys(object)].includes(key)),
      onChange: () => ({ [Symbol.dispose]() {} }),
    }),
  } as unknown as PluginHandle['informers']
}

/** For tests: a built-in plugin with nothing to work with but what informers tell. */
export function pluginOf(name: string, args?: unknown, informers = informersOf()): SchedulerPlugin {
  const make = builtInPlugins[name]
  if (!make) throw new Error(`there is no plugin ${name}`)
  return make({ informers } as PluginHandle, args)
}

/** For tests: the built-in plugins, whose filters and scores need no more than what informers tell. */
export const pluginsOf = (informers: PluginHandle['informers']): readonly SchedulerPlugin[] =>
  Object.keys(builtInPlugins).map(name => pluginOf(name, undefined, informers))

/** For tests: the built-in plugins where there are nodes and pods alone. */
export const defaultPlugins: readonly SchedulerPlugin[] = pluginsOf(informersOf())

/** For tests: an attempt to place a pod. */
export const cycleOf = (pod: Pod, snapshot: ClusterState): SchedulingCycle => ({
  pod,
  snapshot,
  signal: new AbortController().signal,
})

/** For tests: the node that is chosen, or why there is none. */
export function placement(pod: Pod, state: ClusterState, plugins = defaultPlugins): string {
  const choice = chooseNode(pod, state, plugins, { random: () => 0.5 })
  return choice.node ?? choice.message
}
