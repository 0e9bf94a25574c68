import { Node, Pod } from '../api/core/v1/index.js'
import type { AnyKind } from '../client/controller.js'
import { objectEvent } from './cluster-event.js'
import { buildProfiles } from './configuration/build-profiles.js'
import { defaultConfiguration } from './configuration/read-configuration.js'
import type { KubeSchedulerConfiguration } from './configuration/types.js'
import type { PluginFactory } from './framework.js'
import { httpExtender } from './http-extender.js'
import { Scheduler, type SchedulerOptions } from './scheduler.js'
import { informedSurroundings } from './surroundings.js'

export { buildProfiles } from './configuration/build-profiles.js'
export {
  defaultConfiguration,
  readSchedulerConfiguration,
  SchedulerConfigError,
} from './configuration/read-configuration.js'
export type { KubeSchedulerConfiguration } from './configuration/types.js'
export { type SchedulerPlugin, Unschedulable } from './framework.js'

export interface StartSchedulerOptions
  extends Omit<SchedulerOptions, 'profiles' | 'surroundings' | 'extenders' | 'initialBackoff' | 'maximumBackoff'> {
  /** As `readSchedulerConfiguration` answers; upstream's defaults when absent. */
  readonly configuration?: KubeSchedulerConfiguration
  /** Plugins beside the built-in ones, by name; in every profile that does not disable them. */
  readonly plugins?: Readonly<Record<string, PluginFactory>>
}

/**
 * Runs a scheduler on a process's informers until it is disposed of. Throws `SchedulerConfigError` for a configuration
 * that does not fit the plugins there are.
 */
export async function startScheduler(options: StartSchedulerOptions): Promise<AsyncDisposable> {
  const { configuration = defaultConfiguration(), plugins } = options
  /** What is to be there before the first pod is tried. */
  const asked = new Set<{ synced(): Promise<void> }>()
  const informers: typeof options.informers = {
    of(kind) {
      const informer = options.informers.of(kind)
      asked.add(informer)
      return informer
    },
  }
  const surroundings = informedSurroundings(informers)
  const extenders = (configuration.extenders ?? []).map(httpExtender)
  const scheduler = new Scheduler({
    ...options,
    informers,
    profiles: buildProfiles(configuration, plugins),
    extenders,
    surroundings,
    initialBackoff: (configuration.podInitialBackoffSeconds ?? 1) * 1000,
    maximumBackoff: (configuration.podMaxBackoffSeconds ?? 10) * 1000,
  })
  const nodes = informers.of(Node)
  const pods = informers.of(Pod)
  const others = kindsOfInterest(scheduler).map(kind => informers.of(kind))
  // Pods placed before the nodes are known would all be told that there are none.
  await Promise.all([...[...asked].map(informer => informer.synced()), surroundings.synced()])
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
      for (const extender of extenders) extender[Symbol.dispose]()
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
