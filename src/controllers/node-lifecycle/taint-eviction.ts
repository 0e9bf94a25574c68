import { Node, Pod, type Taint } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import { type Again, type Controller, concerning, controller, watchAlso } from '../../client/controller.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { keyOf } from '../../machinery/object.js'
import { isNotFound } from '../../machinery/status-error.js'
import { evictPod } from '../evict-pod.js'
import { evictionTime, type Since } from './eviction-time.js'
import { podsByNode } from './pods-by-node.js'
import { evictionTaints } from './tolerations.js'

/** The cache is behind the server: it is looked at again so soon, in ms, should nothing be heard before. */
const cacheBehind = 100

const reason = {
  reason: 'DeletionByTaintManager',
  message: 'Taint manager: deleting due to NoExecute taint',
}

/**
 * Deletes pods from nodes with NoExecute taints they do not tolerate, or not any longer:
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/. Each call makes a controller of its own.
 */
export function taintEviction(): Controller {
  /** Pods whose time is limited, by `namespace/name`. */
  const limited = new Map<string, { readonly uid: string | undefined; readonly since: Since }>()

  return controller({
    name: 'taint-eviction',
    watches: {
      for: Pod,
      concerns: concerning(Pod, ({ spec }, cache) => {
        const node = spec.nodeName && cache.get(Node, { name: spec.nodeName })
        return node ? evictionTaints(node.spec.taints).length > 0 : false
      }),
      also: [
        watchAlso(Node, (node, old, cache) => {
          const taints = evictionTaints(node.spec.taints)
          if (jsonEqual(taints, evictionTaints(old?.spec.taints)) && cache.get(Node, node.metadata)) return []
          return cache
            .by(podsByNode, node.metadata.name ?? '')
            .map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }))
        }),
      ],
    },
    async reconcile(key, context): Promise<Again | undefined> {
      const { get, clock, events, client, signal } = context
      const name = keyOf(key)
      const before = limited.get(name)
      limited.delete(name)
      const pod = get(Pod, key)
      const node = pod?.spec.nodeName ? get(Node, { name: pod.spec.nodeName }) : undefined
      if (!pod || !node || pod.metadata.deletionTimestamp) return undefined
      const { uid } = pod.metadata
      const known = before?.uid === uid ? before : undefined
      const taints = evictionTaints(node.spec.taints)
      const now = clock.now()
      const { due, since } = evictionTime(pod, taints, known?.since ?? new Map(), now)
      if (due === Number.POSITIVE_INFINITY) {
        if (known) events.record(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${name}`)
        return undefined
      }
      limited.set(name, { uid, since })
      if (due > now) return { after: due - now }
      // Whoever was cut off, or stood still, may not have heard that the taint is gone.
      if (!jsonEqual(await liveTaints(client, node, signal), taints)) return { after: cacheBehind }
      events.record(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${name}`)
      await evictPod(pod, reason, context)
      limited.delete(name)
      return undefined
    },
  })
}

/** The node's NoExecute taints as the server has them; undefined if there is no such node. */
async function liveTaints(
  client: Client,
  { metadata }: Node,
  signal: AbortSignal,
): Promise<readonly Taint[] | undefined> {
  try {
    return evictionTaints((await client.get(Node, metadata, { signal })).spec.taints)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
