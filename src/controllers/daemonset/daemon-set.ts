import { ControllerRevision, DaemonSet } from '../../api/apps/v1/index.js'
import { Node, Pod } from '../../api/core/v1/index.js'
import {
  type Again,
  type Cache,
  type Controller,
  controller,
  index,
  type Key,
  type ReconcileContext,
  watchAlso,
  watchOwned,
} from '../../client/controller.js'
import { controllerOf } from '../../client/owners.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import { selectorFromObject } from '../../machinery/labels.js'
import { messageOf } from '../../machinery/message-of.js'
import { isNotFound } from '../../machinery/status-error.js'
import { claimsOf, settleClaims } from '../adoption.js'
import {
  deleteRevisions,
  type History,
  ownersOfOrphanRevisions,
  settleHistory,
} from '../controller-revisions/controller-revisions.js'
import { revisionHashLabel, surplusRevisions } from '../controller-revisions/revision-plan.js'
import { isNamespaceTerminating } from '../namespace-terminating.js'
import { countsDifferently } from '../pod-state.js'
import { slowStart } from '../slow-start.js'
import { daemonPod, type NodeFit, nodeFit, templateGeneration } from './daemon-pod.js'
import { FailedPodBackoff } from './failed-pod-backoff.js'
import { type Observed, type Placement, planPlacement } from './plan.js'
import { planRollout, type Rollout } from './rollout.js'
import { observeDaemons } from './status.js'

/** Pods made, and pods deleted, in one run. */
const burst = 250

const orphanPods = index(Pod, pod => (controllerOf(pod) ? [] : [pod.metadata.namespace ?? '']))

/** DaemonSet: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/ */
export function daemonSets(): Controller {
  const backoff = new FailedPodBackoff()
  return controller({
    name: 'daemonset',
    watches: {
      for: DaemonSet,
      owns: [watchOwned(Pod, countsDifferently), ControllerRevision],
      also: [
        watchAlso(Pod, (pod, _old, cache) =>
          controllerOf(pod)
            ? []
            : cache
                .list(DaemonSet, { namespace: pod.metadata.namespace ?? '' })
                .filter(({ spec }) => selectorFromObject(spec.selector).matches(pod.metadata.labels))
                .map(keyOfSet),
        ),
        ownersOfOrphanRevisions(DaemonSet),
        watchAlso(Node, setsOfNode),
      ],
    },
    async reconcile(key, context) {
      const set = context.get(DaemonSet, key)
      const id = `${key.namespace}/${key.name}`
      if (!set) {
        backoff.forget(id)
        return undefined
      }
      const selector = selectorFromObject(set.spec.selector)
      if (selector.empty) {
        const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
        context.events.record(set, 'Warning', 'SelectingAll', message)
        return undefined
      }
      if (set.metadata.deletionTimestamp) return undefined
      const history = await settleHistory(DaemonSet, set, revisionHashLabel, context)
      const owned = context.ownedBy(Pod, set.metadata.uid ?? '')
      const claims = claimsOf(set, selector, owned, context.by(orphanPods, key.namespace))
      const pods = await settleClaims(context.client, Pod, DaemonSet, set, claims)
      const observed: Observed = {
        set,
        nodes: [...context.list(Node)].sort(byName),
        pods,
        version: {
          hash: history.current.metadata.labels?.[revisionHashLabel] ?? '',
          generation: templateGeneration(set),
        },
        now: context.clock.now(),
      }
      return work(id, observed, history, backoff, context)
    },
  })
}

/** The sets that want something else of a node than before. */
function setsOfNode(node: Node, old: Node | undefined, cache: Cache): readonly Key[] {
  const gone = cache.get(Node, node.metadata) === undefined
  const same =
    old && !gone && jsonEqual(node.metadata.labels, old.metadata.labels) && jsonEqual(node.spec.taints, old.spec.taints)
  if (same) return []
  return cache
    .list(DaemonSet)
    .filter(set => {
      const fit = nodeFit(set)
      const before = old && !gone ? fit(old) : nowhere
      const { starts, stays } = fit(node)
      return starts !== before.starts || stays !== before.stays
    })
    .map(keyOfSet)
}

const nowhere: NodeFit = { starts: false, stays: false }

const keyOfSet = ({ metadata: { namespace = '', name = '' } }: DaemonSet): Key => ({ namespace, name })

const byName = (a: Node, b: Node): number => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)

async function work(
  id: string,
  observed: Observed,
  history: History,
  backoff: FailedPodBackoff,
  context: ReconcileContext,
): Promise<Again | undefined> {
  const { set, now, pods } = observed
  const placement = planPlacement(observed, node => backoff.remaining(id, node, now))
  noteEnded(id, observed, placement, backoff, context)
  let error = await carryOut(observed, placement, context)
  // An update goes on once every node has what it should have.
  if (placement.create.length + placement.remove.length === 0 && set.spec.updateStrategy.type === 'RollingUpdate')
    error = await carryOut(observed, planRollout(observed), context)
  const used = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionHashLabel]))
  const unused = history.others.filter(({ metadata }) => !used.has(metadata.labels?.[revisionHashLabel]))
  await deleteRevisions(surplusRevisions(set, unused, history.others.length), context)
  const { status, nextAvailable } = observeDaemons(observed, history.collisionCount)
  if (!jsonEqual(set.status, status))
    await context.client.update(DaemonSet, { ...set, status }, { subresource: 'status' })
  if (error !== undefined) throw error
  const waits = [nextAvailable, placement.retryAfter].filter(wait => wait !== undefined)
  return waits.length > 0 ? { after: Math.min(...waits) } : undefined
}

function noteEnded(
  id: string,
  { set, now }: Observed,
  { ended }: Placement,
  backoff: FailedPodBackoff,
  { events }: ReconcileContext,
): void {
  for (const { pod, node } of ended) {
    const what = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`
    if (pod.status.phase === 'Failed') {
      backoff.note(id, node, now)
      events.record(set, 'Warning', 'FailedDaemonPod', `Found failed ${what}, will try to kill it`)
    } else events.record(set, 'Normal', 'SucceededDaemonPod', `Found succeeded ${what}, will try to delete it`)
  }
}

/** Makes and deletes pods; returns the first error. */
async function carryOut(observed: Observed, { create, remove }: Rollout, context: ReconcileContext): Promise<unknown> {
  const { set, version } = observed
  const { client, events } = context
  const made = await slowStart(Math.min(create.length, burst), async i => {
    try {
      const { metadata } = await client.create(Pod, daemonPod(set, create[i] ?? '', version))
      events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`)
    } catch (error) {
      if (!isNamespaceTerminating(error))
        events.record(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
      throw error
    }
  })
  const results = await Promise.allSettled(
    remove.slice(0, burst).map(async ({ metadata }) => {
      try {
        await client.delete(Pod, metadata, metadata.uid ? { preconditions: { uid: metadata.uid } } : {})
        events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`)
      } catch (error) {
        if (isNotFound(error)) return
        events.record(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
        throw error
      }
    }),
  )
  if (made.error !== undefined && !isNamespaceTerminating(made.error)) return made.error
  for (const result of results) if (result.status === 'rejected') return result.reason
  return undefined
}
