import { Node, Pod } from '../api/core/v1/index.js'
import type { Informers } from '../client/informers.js'
import { Scheduler, type SchedulerOptions } from './scheduler.js'
import { informedSurroundings } from './surroundings.js'

export { type Choice, chooseNode } from './choose-node.js'
export {
  type NodeFilter,
  type NodeScorer,
  normalized,
  type Rejection,
  type SchedulerPlugin,
  type Snapshot,
  Unschedulable,
} from './framework.js'
export { defaultPlugins } from './plugins/index.js'
export { Scheduler, type SchedulerOptions } from './scheduler.js'

/** Runs a scheduler on a process's informers until it is disposed of. */
export async function startScheduler(
  options: SchedulerOptions & { readonly informers: Informers },
): Promise<AsyncDisposable> {
  const { informers } = options
  const surroundings = informedSurroundings(informers)
  const scheduler = new Scheduler({ surroundings, ...options })
  const nodes = informers.of(Node)
  const pods = informers.of(Pod)
  // Pods placed before the nodes are known would all be told that there are none.
  await Promise.all([nodes.synced(), pods.synced(), surroundings.synced()])
  const handlers = [
    nodes.onChange((node, old, change) =>
      change === 'deleted' ? scheduler.nodeChanged(undefined, node) : scheduler.nodeChanged(node, old),
    ),
    surroundings.namespaces.onChange((namespace, old) => {
      if (JSON.stringify(namespace.metadata.labels) !== JSON.stringify(old?.metadata.labels))
        scheduler.namespaceChanged()
    }),
    ...[surroundings.claims, surroundings.volumes, surroundings.classes].map(informer =>
      informer.onChange(() => scheduler.volumesChanged()),
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
