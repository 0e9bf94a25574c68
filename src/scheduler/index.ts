import { Node, Pod } from '../api/core/v1/index.js'
import type { AnyKind } from '../client/controller.js'
import type { EventRecorder } from '../client/events.js'
import type { Informers } from '../client/informers.js'
import { objectEvent } from './cluster-event.js'
import { builtInPlugins } from './plugins/index.js'
import { profileOf } from './profile.js'
import { type ProfileDeclaration, Scheduler, type SchedulerOptions } from './scheduler.js'
import { informedSurroundings } from './surroundings.js'

export { type Choice, chooseNode } from './choose-node.js'
export type { ChangeKind, ClusterEvent, EventInterest } from './cluster-event.js'
export type { Extender } from './extender.js'
export {
  type Infeasible,
  maximumScore,
  type NodeFilter,
  type NodeFilterFunction,
  type NodeScorer,
  normalized,
  type PluginFactory,
  type PodFilters,
  type PostFilterResult,
  type QueuedPod,
  type Rejection,
  type SchedulerPlugin,
  type SchedulingCycle,
  type Snapshot,
  Unschedulable,
} from './framework.js'
export type { NodeInfo } from './node-info.js'
export type { PluginHandle } from './plugin-handle.js'
export { builtInPlugins } from './plugins/index.js'
export { type Profile, profileOf } from './profile.js'
export { type ProfileDeclaration, Scheduler, type SchedulerOptions } from './scheduler.js'

/** The profile that pods without a `schedulerName` of their own are scheduled by. */
export const defaultProfile: ProfileDeclaration = {
  name: 'default-scheduler',
  make: handle =>
    profileOf(
      'default-scheduler',
      Object.values(builtInPlugins).map(make => make(handle, undefined)),
    ),
}

export interface StartSchedulerOptions extends Omit<SchedulerOptions, 'profiles' | 'surroundings'> {
  readonly informers: Informers
  readonly recorder: (profile: string) => EventRecorder
  /** The default profile alone when absent. */
  readonly profiles?: readonly ProfileDeclaration[]
}

/** Runs a scheduler on a process's informers until it is disposed of. */
export async function startScheduler(options: StartSchedulerOptions): Promise<AsyncDisposable> {
  const { informers, onError } = options
  const surroundings = informedSurroundings(informers)
  const scheduler = new Scheduler({ profiles: [defaultProfile], ...options, surroundings })
  const nodes = informers.of(Node)
  const pods = informers.of(Pod)
  const others = kindsOfInterest(scheduler).map(kind => informers.of(kind))
  // Pods placed before the nodes are known would all be told that there are none. What plugins ask for may not be
  // served, or be forbidden: nobody waits for that in vain.
  for (const informer of others) informer.synced().catch(onError)
  await Promise.all([nodes.synced(), pods.synced(), surroundings.synced()])
  const handlers = [
    nodes.onChange((node, old, change) =>
      change === 'deleted' ? scheduler.nodeChanged(undefined, node) : scheduler.nodeChanged(node, old),
    ),
    surroundings.namespaces.onChange((namespace, old) => {
      if (JSON.stringify(namespace.metadata.labels) !== JSON.stringify(old?.metadata.labels))
        scheduler.namespaceChanged()
    }),
    ...others.map(informer =>
      informer.onChange((object, old, change) =>
        scheduler.happened(
          change === 'deleted'
            ? objectEvent(informer.kind, undefined, object)
            : objectEvent(informer.kind, object, old),
        ),
      ),
    ),
    pods.onChange((pod, old, change) =>
      change === 'deleted' ? scheduler.podChanged(undefined, pod) : scheduler.podChanged(pod, old),
    ),
  ]
  return {
    async [Symbol.asyncDispose]() {
      for (const handler of handlers) handler[Symbol.dispose]()
      scheduler[Symbol.dispose]()
    },
  }
}

/** What plugins want to hear of beyond nodes and pods. */
function kindsOfInterest(scheduler: Scheduler): readonly AnyKind[] {
  const own: readonly unknown[] = [Node, Pod, 'waitingPod']
  const kinds = new Set<AnyKind>()
  for (const { plugins } of scheduler.profiles)
    for (const { events } of plugins)
      for (const { of } of events ?? []) if (of !== 'waitingPod' && !own.includes(of)) kinds.add(of)
  return [...kinds]
}
