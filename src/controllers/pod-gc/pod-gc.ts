import { Node, Pod, type PodCondition } from '../../api/core/v1/index.js'
import type { Client } from '../../client/client.js'
import {
  type Again,
  type Cache,
  type Controller,
  concerning,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
} from '../../client/controller.js'
import { keyOf } from '../../machinery/object.js'
import { isConflict, isNotFound, StatusError } from '../../machinery/status-error.js'
import { disruptionTarget } from '../node-lifecycle/disruption-target.js'
import { readyStatus } from '../node-lifecycle/node-health.js'
import { podsByNode } from '../node-lifecycle/pods-by-node.js'
import { podFinished } from '../pod-state.js'
import { excessPods } from './terminated-pods.js'

export interface PodGcOptions {
  /** So many pods that have ended are kept; 12,500 by default, any number if it is 0 or less. */
  readonly terminatedPodThreshold?: number
  /** For so many ms a node must have been missing before its pods are deleted; 40,000 by default. */
  readonly quarantine?: number
}

const outOfService = 'node.kubernetes.io/out-of-service'
/** A key that is no pod's: all pods that have ended. */
const allTerminated: Key = { namespace: '', name: ':terminated' }
/** Pods deleted at the same time when too many have ended. */
const parallel = 16

const terminatedPods = index(Pod, pod => (podFinished(pod) ? [''] : []))

/**
 * Deletes pods that nobody else will: those bound to nodes that are gone for good, those on nodes that were declared out
 * of service, those that were never bound and are on their way out, and the oldest of too many that have ended.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection. Each call makes a controller of
 * its own.
 */
export function podGc({ terminatedPodThreshold = 12_500, quarantine = 40_000 }: PodGcOptions = {}): Controller {
  /** Since when, in ms, pods have been seen without their node. */
  const homeless = new Map<string, { readonly uid: string | undefined; readonly since: number }>()

  /** Whether the pod's node is gone for good; a number says in how many ms to ask again. */
  async function lostNode(pod: Pod, { client, clock, signal }: ReconcileContext): Promise<boolean | number> {
    const name = keyOf(pod.metadata)
    const { uid } = pod.metadata
    const now = clock.now()
    const found = homeless.get(name)
    if (found?.uid !== uid || !found) {
      homeless.set(name, { uid, since: now })
      return quarantine
    }
    const left = found.since + quarantine - now
    if (left > 0) return left
    if (await isGone(client, pod.spec.nodeName ?? '', signal)) return true
    // It was away for a moment, or the cache is behind.
    homeless.set(name, { uid, since: now })
    return quarantine
  }

  async function deleteExcess(context: ReconcileContext): Promise<void> {
    if (terminatedPodThreshold <= 0) return
    const excess = excessPods(context.by(terminatedPods, ''), terminatedPodThreshold).filter(
      ({ metadata }) => !metadata.deletionTimestamp,
    )
    const worker = async (): Promise<void> => {
      for (let pod = excess.pop(); pod; pod = excess.pop()) await deleteNow(pod, undefined, context)
    }
    await Promise.all(Array.from({ length: Math.min(parallel, excess.length) }, worker))
  }

  return controller({
    name: 'pod-garbage-collector',
    watches: {
      for: Pod,
      concerns: concerning(Pod, ({ metadata, spec }, cache) => {
        if (!spec.nodeName) return metadata.deletionTimestamp !== undefined
        const node = cache.get(Node, { name: spec.nodeName })
        return !node || isDead(node)
      }),
      also: [
        watchAlso(Pod, (pod, old) => (podFinished(pod) && !(old && podFinished(old)) ? [allTerminated] : [])),
        watchAlso(Node, (node, old, cache) =>
          old && isDead(node) === isDead(old) && cache.get(Node, node.metadata) ? [] : podsOn(node, cache),
        ),
      ],
    },
    async reconcile(key, context): Promise<Again | undefined> {
      if (key.name === allTerminated.name) {
        await deleteExcess(context)
        return undefined
      }
      const { get, clock } = context
      const pod = get(Pod, key)
      const nodeName = pod?.spec.nodeName
      const node = nodeName ? get(Node, { name: nodeName }) : undefined
      if (!pod || !nodeName || node) homeless.delete(keyOf(key))
      if (!pod) return undefined
      if (!nodeName || (node && isDead(node))) {
        if (pod.metadata.deletionTimestamp && !isOver(pod)) await deleteNow(pod, undefined, context)
        return undefined
      }
      if (node) return undefined
      const lost = await lostNode(pod, context)
      if (typeof lost === 'number') return { after: lost }
      const condition = disruptionTarget(pod, 'DeletionByPodGC', 'PodGC: node no longer exists', clock.now())
      await deleteNow(pod, condition, context)
      return undefined
    },
  })
}

/** The node was declared out of service: whatever ran there does not run any more. */
const isDead = (node: Node): boolean =>
  readyStatus(node) !== 'True' && (node.spec.taints ?? []).some(({ key }) => key === outOfService)

/** Nothing but finalizers is left to wait for. */
const isOver = (pod: Pod): boolean => podFinished(pod) && pod.metadata.deletionGracePeriodSeconds === 0

const podsOn = ({ metadata }: Node, cache: Cache): Key[] =>
  cache.by(podsByNode, metadata.name ?? '').map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }))

async function isGone(client: Client, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(Node, { name }, { signal })
    return false
  } catch (error) {
    // A 404 of something else says nothing of the node.
    if (error instanceof StatusError && error.code === 404 && error.details?.name === name) return true
    throw error
  }
}

/** Deletes a pod without waiting for its node, as failed if it has not ended: those who count must not miss it. */
async function deleteNow(
  pod: Pod,
  condition: PodCondition | undefined,
  { client, signal }: ReconcileContext,
): Promise<void> {
  const { uid } = pod.metadata
  try {
    if (!podFinished(pod)) {
      const status = { phase: 'Failed', ...(condition ? { conditions: [condition] } : {}) }
      const body = { metadata: { uid }, status }
      await client.patch(Pod, pod.metadata, { type: 'strategic', body }, { subresource: 'status', signal })
    }
    await client.delete(Pod, pod.metadata, {
      gracePeriodSeconds: 0,
      ...(uid ? { preconditions: { uid } } : {}),
      signal,
    })
  } catch (error) {
    // It is gone already, or another pod goes by its name.
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
